"""Serializers that refuse what they do not know, and say which field it was."""

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
from rest_framework.validators import UniqueValidator

from .converters import parse_uuid
from .fields import (
    TIMESTAMP_FORMAT,
    DateField,
    EmailField,
    HourMinuteField,
    IdField,
    LineField,
    LinesField,
    TimestampField,
    plain_attribute,
)
from .renderers import JSONRenderer
from .unknown_ids import note, remember_body

# No text that a person types is longer, unless its model or field says otherwise.
TEXT_LIMIT = 5_000

# So many refused fields are named at most.
MAX_REFUSED = 50

REFUSALS = {
    "unknown_field": _("There is no such field."),
    "read_only": _("This field cannot be changed."),
    "repeated": _("Send this field once only."),
}


def _refusal(code: str) -> ErrorDetail:
    return ErrorDetail(str(REFUSALS[code]), code)


# No attribute of that name, or none that can be taken as it is: a row may be a dictionary, and a value a function.
_ASK_FIELD = object()


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses unknown fields, and read-only ones that are sent with another value.

    Read-only fields with their present value pass, so that the body of a GET can be PUT
    back. Where nothing is there yet, they pass only as null, `business_id` also as the
    business of the request. Text is stripped, and without a limit of its own at most
    TEXT_LIMIT long; timestamps are UTC.
    """

    _prototypes: ClassVar[dict[str, serializers.Field[Any, Any, Any, Any]]]

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # Looking through the model takes longer than writing a row: once a class, of which each serializer takes copies.
        if "_prototypes" not in type(self).__dict__:
            type(self)._prototypes = super().get_fields()
        fields = deepcopy(self._prototypes)
        for field in fields.values():
            _limit_text(field)
            _write_utc(field)
        return fields

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """As rest_framework's, with what is the same for every row worked out once."""
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
        """Of each field its name, the attribute of a row that it writes ("" if the field must be asked), and itself."""
        return [
            (str(field.field_name), plain_attribute(field), field)
            for field in self._readable_fields
        ]

    def to_internal_value(self, data: Any) -> Any:
        refused = self._refused(data) if isinstance(data, Mapping) else {}
        try:
            value = super().to_internal_value(data)
        except ValidationError as error:
            if refused and isinstance(error.detail, dict):
                raise ValidationError({**error.detail, **refused}) from error
            raise
        if refused:
            raise ValidationError(refused)
        return value

    def run_validation(self, data: Any = empty) -> Any:
        value = super().run_validation(data)
        if self.root is self:
            remember_body(self.context.get("request"), value)
        return value

    def current(self, data: Mapping[str, Any]) -> Any:
        """What the read-only fields of `data` are compared with, or None.

        The instance of an update. A serializer nested in a list finds its row here, for
        instance by `data["work_date"]`.
        """
        return self.instance

    def _refused(self, data: Mapping[str, Any]) -> dict[str, list[ErrorDetail]]:
        refused = _repeated(data, self.fields)
        present = None
        for name, value in data.items():
            field = self.fields.get(name)
            if field is None or isinstance(field, serializers.HiddenField):
                refused[name] = [_refusal("unknown_field")]
                self._note_id(name, value)
            elif field.read_only:
                present = present or self.current(data)
                if value != self._present_value(field, present):
                    refused[name] = [_refusal("read_only")]
                    self._note_id(name, value)
            if len(refused) == MAX_REFUSED:
                break
        return refused

    def _note_id(self, name: str, value: Any) -> None:
        """Whoever sends an id where none is taken may reach across, though nothing is looked up."""
        model = self._model_named(name)
        if model is not None and parse_uuid(value):
            note(
                self.context.get("request"),
                kind="unknown_id",
                model=model,
                field=name,
                value=value,
            )

    def _model_named(self, name: str) -> type[models.Model] | str | None:
        """The model that ids called `name` are of, as far as this serializer can know it."""
        return "businesses.business" if name == "business_id" else None

    def _present_value(
        self, field: serializers.Field[Any, Any, Any, Any], present: Any
    ) -> Any:
        """The value that a GET would show for `field`, as JSON reads it."""
        if present is None:
            if field.field_name != "business_id":
                return None
            own = getattr(self.context.get("request"), "business_id", None)
            return own and str(own)
        try:
            attribute = field.get_attribute(present)
        except SkipField:
            return None
        # A whole row that is not saved yet is no null, whatever its id.
        is_null = (
            attribute is not present and getattr(attribute, "pk", attribute) is None
        )
        shown = None if is_null else field.to_representation(attribute)
        return json.loads(JSONRenderer().render(shown) or "null")


class StrictModelSerializer(StrictSerializer, serializers.ModelSerializer[Any]):
    """StrictSerializer of a model.

    Uniqueness is left to the database's constraints: a look-up here would answer in one
    way for one's own rows and in another for those of another business.
    """

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.CharField: LineField,
        models.TextField: LinesField,
        models.EmailField: EmailField,
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
        found: Any = relations.get(name)
        return found or super()._model_named(name)

    def get_uniqueness_extra_kwargs(
        self, field_names: Any, declared_fields: Any, extra_kwargs: Any
    ) -> tuple[Any, dict[str, Any]]:
        return extra_kwargs, {}

    def get_unique_together_validators(self) -> list[Any]:
        return []

    def get_unique_for_date_validators(self) -> list[Any]:
        return []


def _repeated(
    data: Mapping[str, Any], fields: Mapping[str, Any]
) -> dict[str, list[ErrorDetail]]:
    """Refuse fields that a form holds more than once, unless they are lists: all values but the last would be lost."""
    if not isinstance(data, MultiValueDict):
        return {}
    lists = (serializers.ListField, serializers.MultipleChoiceField)
    return {
        name: [_refusal("repeated")]
        for name, values in data.lists()
        if len(values) > 1 and not isinstance(fields.get(name), lists)
    }


def _limit_text(field: Any) -> None:
    """Give text without a limit ours."""
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
    """A plain DateTimeField would write the local time; make it write UTC."""
    if isinstance(field, serializers.DateTimeField):
        field.timezone = datetime.UTC
        field.format = TIMESTAMP_FORMAT
