"""Serializers that reject unknown and changed read-only fields by name."""

import datetime
import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, ClassVar

from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils.datastructures import MultiValueDict
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.fields import SkipField, empty
from rest_framework.validators import (
    BaseUniqueForValidator,
    UniqueTogetherValidator,
    UniqueValidator,
)

from .converters import parse_uuid
from .fields import (
    TIMESTAMP_FORMAT,
    DateField,
    EmailSerializerField,
    HourMinuteField,
    IdField,
    LineSerializerField,
    LinesSerializerField,
    TimestampField,
    plain_attribute,
)
from .renderers import JSONRenderer
from .unknown_ids import report_rejected_value, store_validated_body

# The limit of a text, unless its model or field declares another limit.
TEXT_LIMIT = 5_000

# The maximum number of rejected fields that a response names.
MAX_ERRORS = 50

ERROR_MESSAGES = {
    "unknown_field": _("Unknown field."),
    "read_only": _("This field cannot be changed."),
    "repeated": _("Send this field only once."),
}


def _error_detail(code: str) -> ErrorDetail:
    return ErrorDetail(str(ERROR_MESSAGES[code]), code)


# Stands for an absent attribute and for values that cannot be output unchanged: a row may be a dictionary, and a
# value a function.
_ASK_FIELD = object()


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer that rejects unknown fields and changed read-only fields.

    Read-only fields with their current value are accepted, so that the body of a GET can be sent with PUT. In a
    create request they are accepted only as null, and `business_id` also as the business of the request. Text is
    stripped, and limited to TEXT_LIMIT unless it has a limit. Timestamps are UTC.
    """

    _prototypes: ClassVar[dict[str, serializers.Field[Any, Any, Any, Any]]]

    def get_fields(
        self,
    ) -> dict[str, serializers.Field[object, object, object, object]]:
        # Inspecting the model takes longer than rendering a row. So it happens once per class, and each serializer
        # copies the fields.
        if "_prototypes" not in type(self).__dict__:
            type(self)._prototypes = super().get_fields()
        fields = deepcopy(self._prototypes)
        for field in fields.values():
            _limit_text(field)
            _write_utc(field)
        return fields

    def to_representation(self, instance: object) -> dict[str, object]:
        """Return the JSON of a row, like DRF; values that are equal for all rows are computed once."""
        written = {}
        for name, attribute, field in self._columns:
            value = getattr(instance, attribute, _ASK_FIELD)
            if value is _ASK_FIELD or callable(value):
                try:
                    value = field.get_attribute(instance)
                except SkipField:
                    continue
            written[name] = None if value is None else field.to_representation(value)
        return written

    @cached_property
    def _columns(self) -> list[tuple[str, str, Any]]:
        """Return (name, attribute, field) of each field; "" for a computed value."""
        return [
            (str(field.field_name), plain_attribute(field), field)
            for field in self._readable_fields
        ]

    def to_internal_value(self, data: object) -> Any:
        errors = self._find_rejected_fields(data) if isinstance(data, Mapping) else {}
        try:
            value = super().to_internal_value(data)
        except ValidationError as error:
            if errors and isinstance(error.detail, dict):
                raise ValidationError({**error.detail, **errors}) from error
            raise
        if errors:
            raise ValidationError(errors)
        return value

    def run_validation(self, data: object = empty) -> object:
        value = super().run_validation(data)
        if self.root is self:
            store_validated_body(self.context.get("request"), value)
        return value

    def current(self, data: Mapping[str, object]) -> object:
        """Return the row that the read-only fields of `data` are compared with, or None.

        By default the instance of an update. A serializer nested in a list finds its row by a key, such as
        `data["work_date"]`.
        """
        return self.instance

    def _find_rejected_fields(
        self, data: Mapping[str, Any]
    ) -> dict[str, list[ErrorDetail]]:
        errors = _repeated(data, self.fields)
        present = None
        for name, value in data.items():
            field = self.fields.get(name)
            if field is None or isinstance(field, serializers.HiddenField):
                errors[name] = [_error_detail("unknown_field")]
                self._report_id(name, value)
            elif field.read_only:
                present = present or self.current(data)
                if value != self._present_value(field, present):
                    errors[name] = [_error_detail("read_only")]
                    self._report_id(name, value)
            if len(errors) == MAX_ERRORS:
                break
        return errors

    def _report_id(self, name: str, value: Any) -> None:
        """Report an id in a field that accepts none: a possible cross-business access.

        The id is not looked up.
        """
        model = self._model_named(name)
        if model is not None and parse_uuid(value):
            report_rejected_value(
                self.context.get("request"),
                kind="unknown_id",
                model=model,
                field=name,
                value=value,
            )

    def _model_named(self, name: str) -> type[models.Model] | str | None:
        """Return the model of ids named `name`, if the serializer can determine it."""
        return "businesses.business" if name == "business_id" else None

    def _present_value(
        self, field: serializers.Field[Any, Any, Any, Any], present: Any
    ) -> Any:
        """Return the value of `field` in the response to a GET, as parsed JSON."""
        if present is None:
            if field.field_name != "business_id":
                return None
            business_id = getattr(self.context.get("request"), "business_id", None)
            return business_id and str(business_id)
        try:
            attribute = field.get_attribute(present)
        except SkipField:
            return None
        # The reference of an unsaved row is not null, even if its id is None.
        is_null = (
            attribute is not present and getattr(attribute, "pk", attribute) is None
        )
        shown = None if is_null else field.to_representation(attribute)
        return json.loads(JSONRenderer().render(shown) or "null")


class StrictModelSerializer(StrictSerializer, serializers.ModelSerializer[Any]):
    """A StrictSerializer of a model.

    Constraints of the database check uniqueness. A query could only see rows of the same business, so its response
    would differ from the response for another business's row.
    """

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.CharField: LineSerializerField,
        models.TextField: LinesSerializerField,
        models.EmailField: EmailSerializerField,
        models.DateField: DateField,
        models.DateTimeField: TimestampField,
        models.TimeField: HourMinuteField,
        models.UUIDField: IdField,
    }

    def build_standard_field(
        self, field_name: str, model_field: Any
    ) -> tuple[type[serializers.Field[Any, Any, Any, Any]], dict[str, Any]]:
        field_class, kwargs = super().build_standard_field(field_name, model_field)
        if "validators" in kwargs:
            kwargs["validators"] = [
                validator
                for validator in kwargs["validators"]
                if not isinstance(validator, UniqueValidator)
            ]
        return field_class, kwargs

    def _model_named(self, name: str) -> type[models.Model] | str | None:
        model: type[models.Model] = self.Meta.model
        if name == "id":
            return model
        relations = {
            field.attname: field.related_model
            for field in model._meta.fields
            if field.is_relation
        }
        related: Any = relations.get(name)
        return related or super()._model_named(name)

    def get_uniqueness_extra_kwargs(
        self, field_names: Any, declared_fields: Any, extra_kwargs: Any
    ) -> tuple[Any, dict[str, Any]]:
        return extra_kwargs, {}

    def get_unique_together_validators(self) -> list[UniqueTogetherValidator]:
        return []

    def get_unique_for_date_validators(self) -> list[BaseUniqueForValidator]:
        return []


def _repeated(
    data: Mapping[str, Any], fields: Mapping[str, Any]
) -> dict[str, list[ErrorDetail]]:
    """Reject repeated form fields other than lists.

    Otherwise all values but the last would be lost.
    """
    if not isinstance(data, MultiValueDict):
        return {}
    lists = (serializers.ListField, serializers.MultipleChoiceField)
    return {
        name: [_error_detail("repeated")]
        for name, values in data.lists()
        if len(values) > 1 and not isinstance(fields.get(name), lists)
    }


def _limit_text(field: Any) -> None:
    """Set the default limit on a text field without a limit."""
    text = getattr(field, "child", field)
    if (
        isinstance(text, serializers.CharField)
        and not text.read_only
        and text.max_length is None
        and not any(isinstance(v, MaxLengthValidator) for v in text.validators)
    ):
        message = text.error_messages["max_length"].format(max_length=TEXT_LIMIT)
        text.validators.append(MaxLengthValidator(TEXT_LIMIT, message=message))


def _write_utc(field: Any) -> None:
    """Make a plain DateTimeField output UTC in place of the local time."""
    if isinstance(field, serializers.DateTimeField):
        field.timezone = datetime.UTC
        field.format = TIMESTAMP_FORMAT
