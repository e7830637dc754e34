"""Injection points: the places of a request that can hold an id, a text or a file of another business.

They are query parameters and the fields of serializers and forms, also inside nested objects and lists.
"""

import hashlib
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.apps import apps
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.forms.models import ModelChoiceField
from rest_framework import serializers

from automatehq.api.fields import NamedReference, ReferenceField
from automatehq.api.filters import allowed_query_parameters, ordering_table
from automatehq.api.query_serializers import QuerySerializer
from businesses.tenancy.admin import TenantAdmin, _parameters

from .endpoints import Endpoint
from .request_comparison import ParsingRecord
from .tenants import CANARY, UNUSED_WORD, Tenants, make_globex_scan

# All businesses read all sites, so that the id of a site is not secret.
SHARED_MODEL = "workforce.site"
UNUSED_ID = uuid.UUID("01a21900-0000-7000-8000-00000000dead")
# The models to try if the name of a field does not identify a model.
FALLBACK_MODELS = (
    "businesses.business",
    "accounts.user",
    "workforce.employee",
    "workcards.workcard",
)

# Columns that repeat a value of another table, where the value is unique.
REPEATED_COLUMNS = {"users.email": "accounts.email"}


class ValuePair(NamedTuple):
    """Two values for one injection point: a value of Globex, and a value that no row has.

    `own` is the value of Acme, if there is one.
    """

    kind: str
    foreign: Any
    missing: Any
    own: Any = None

    @property
    def repeatable(self) -> tuple[str, str]:
        """Return the text of each value that a response may repeat: the id or text, or the hash of a file."""
        return _repeatable_text(self.foreign), _repeatable_text(self.missing)


def _repeatable_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    file = value[0] if isinstance(value, list) else value
    file.seek(0)
    return hashlib.sha256(file.read()).hexdigest()


def make_pair(
    label: str, foreign: uuid.UUID, own: uuid.UUID | None = None
) -> ValuePair:
    return ValuePair(label, str(foreign), str(adjacent_id(foreign)), own and str(own))


def adjacent_id(row_id: uuid.UUID) -> uuid.UUID:
    """Return the adjacent id, which no row has.

    No other id sorts between the two, so that comparisons with the ids of other rows give the same result for both.
    """
    return uuid.UUID(int=row_id.int ^ 1)


class InjectionPoint(NamedTuple):
    """An injection point. `path` holds the name of a query parameter, or the path of a field in the body."""

    path: tuple[Any, ...]
    pairs: tuple[ValuePair, ...]
    is_query: bool = False
    # Outer objects that the body must contain before the value can be set: path → value.
    parents: tuple[tuple[tuple[Any, ...], Any], ...] = ()

    def __str__(self) -> str:
        return ("?" if self.is_query else "") + ".".join(map(str, self.path))


class InjectionPointFinder:
    """The injection points of an endpoint and the values to inject."""

    def __init__(self, tenants: Tenants) -> None:
        self.tenants = tenants
        foreign, own = tenants.globex.ids(), tenants.acme.ids()
        self.ids = {
            label: make_pair(label, foreign[label], own[label]) for label in foreign
        }

    # Queries

    def query_points(
        self, endpoint: Endpoint, method: str, parsing: ParsingRecord
    ) -> Iterator[InjectionPoint]:
        """Yield every query parameter that the view allows or reads."""
        if endpoint.is_api:
            names = api_parameters(endpoint, method)
            model = getattr(getattr(endpoint.callback, "cls", None), "queryset", None)
        else:
            names = {*parsing.names, *admin_list_parameters(endpoint)}
            model = None
        queryset_model = getattr(model, "model", None) or _model(endpoint.model)
        for name in sorted(names):
            pairs = (*self._id_pairs(name, queryset_model), *self.text_pairs())
            yield InjectionPoint((name,), pairs, is_query=True)

    def text_pairs(self) -> Iterator[ValuePair]:
        """Yield texts of Globex that users search for."""
        employee: Any = self.tenants.globex.rows["workforce.employee"]
        card: Any = self.tenants.globex.rows["workcards.workcard"]
        for text in (employee.full_name, employee.passport_id, card.notes):
            yield ValuePair("text", text, with_unused_word(text))

    def _id_pairs(self, name: str, model: Any) -> list[ValuePair]:
        """Return the ids for a parameter name.

        The relation of that name in `model` decides the kind. If there is none, return the ids of models with that
        name, or of the models in `FALLBACK_MODELS`.
        """
        stem = name.split("__", maxsplit=1)[0].removesuffix("_id")
        for model_field in model._meta.fields if model else ():
            if model_field.name == stem and model_field.is_relation:
                return [self.ids[model_field.related_model._meta.label_lower]]
        candidates = [label for label in self.ids if label.endswith(f".{stem}")]
        return [self.ids[label] for label in candidates or FALLBACK_MODELS]

    # Bodies

    def button_points(self, parsing: ParsingRecord) -> Iterator[InjectionPoint]:
        """Yield every id that an admin page reads from the body without a form, as the value of a button."""
        form_fields = {
            form.add_prefix(name) for form in parsing.forms for name in form.fields
        }
        for name in sorted(parsing.names - form_fields):
            if name.endswith("_id"):
                yield InjectionPoint((name,), tuple(self._id_pairs(name, None)))

    def body_points(self, parsing: ParsingRecord) -> Iterator[InjectionPoint]:
        """Yield every field that can hold an id, a text or a file in the body.

        They are the fields of the serializers that parsed the body, and the model choice fields of its forms.
        """
        for serializer in parsing.serializers_used:
            if not isinstance(serializer, QuerySerializer):
                yield from self._serializer_points(serializer, (), ())
        choice_fields = {
            form.add_prefix(name): form_field
            for form in parsing.forms
            for name, form_field in form.fields.items()
            if isinstance(form_field, ModelChoiceField)
        }
        for name, form_field in choice_fields.items():
            model: Any = form_field.queryset.model  # type: ignore[union-attr]
            yield InjectionPoint((name,), (self.ids[model._meta.label_lower],))

    def _serializer_points(
        self, serializer: Any, path: tuple[Any, ...], parents: tuple[Any, ...]
    ) -> Iterator[InjectionPoint]:
        for name, serializer_field in serializer.fields.items():
            field_path = (*path, name)
            if (
                isinstance(serializer_field, serializers.ListSerializer)
                and not serializer_field.read_only
            ):
                inside = (
                    *parents,
                    (field_path, [minimal_object(serializer_field.child)]),
                )
                yield from self._serializer_points(
                    serializer_field.child, (*field_path, 0), inside
                )
            elif (
                isinstance(serializer_field, serializers.Serializer)
                and not serializer_field.read_only
            ):
                inside = (*parents, (field_path, minimal_object(serializer_field)))
                yield from self._serializer_points(serializer_field, field_path, inside)
            elif pairs := tuple(self._field_pairs(name, serializer_field, serializer)):
                yield InjectionPoint(field_path, pairs, parents=parents)

    def _field_pairs(
        self, name: str, serializer_field: Any, serializer: Any
    ) -> Iterator[ValuePair]:
        model = getattr(getattr(serializer, "Meta", None), "model", None)
        if isinstance(serializer_field, ReferenceField):
            yield self.ids[serializer_field.get_queryset().model._meta.label_lower]  # type: ignore[union-attr]
        elif isinstance(serializer_field, (serializers.UUIDField, NamedReference)):
            yield from self._id_pairs("pk" if name == "id" else name, model)
        elif isinstance(serializer_field, serializers.ListField):
            if isinstance(serializer_field.child, serializers.FileField):
                yield self._file_pair(as_list=True)
        elif isinstance(serializer_field, serializers.CharField):
            yield from self._text_pairs(name, model)

    def _text_pairs(self, name: str, model: Any) -> Iterator[ValuePair]:
        """Yield a marked text of Globex from the column `name`, if there is one.

        The column is one of `model`, or of any model if `model` is None.
        """
        rows = self.tenants.globex.rows
        for row in [rows[model._meta.label_lower]] if model else rows.values():
            text = getattr(row, name, None)
            if isinstance(text, str) and CANARY.lower() in text.lower():
                column = f"{row._meta.db_table}.{name}"
                kind = REPEATED_COLUMNS.get(column, column)
                yield ValuePair(kind, text, with_unused_word(text))
                return

    def _file_pair(self, *, as_list: bool) -> ValuePair:
        """Return the stored scan of Globex, and a similar scan that no business has."""
        globex_file: Any = self.tenants.globex.rows["workcards.workcardfile"]
        with globex_file.original.open() as stored:
            content = stored.read()
        files = [
            SimpleUploadedFile("card.png", bytes(picture))
            for picture in (content, make_globex_scan(UNUSED_WORD))
        ]
        foreign, missing = ([file] for file in files) if as_list else files
        return ValuePair("file", foreign, missing)


def with_unused_word(text: str) -> str:
    """Return `text` with an unused word of the same length in place of the canary."""
    for word, other in (
        (CANARY, UNUSED_WORD),
        (CANARY.upper(), UNUSED_WORD.upper()),
        (CANARY.lower(), UNUSED_WORD.lower()),
    ):
        text = text.replace(word, other)
    return text


def minimal_object(serializer: Any) -> dict[str, Any]:
    """Return the smallest object that a nested serializer accepts."""
    return {
        name: _minimal_value(serializer_field)
        for name, serializer_field in serializer.fields.items()
        if serializer_field.required and not serializer_field.read_only
    }


def _minimal_value(serializer_field: Any) -> Any:
    match serializer_field:
        case serializers.UUIDField():
            return str(UNUSED_ID)
        case serializers.DateField():
            return "2026-06-01"
        case serializers.ChoiceField():
            return next(iter(serializer_field.choices))
        case serializers.IntegerField():
            return serializer_field.min_value or 1
        case _:
            return "Sample"


# Parameters


def make_view(endpoint: Endpoint, method: str) -> Any:
    """Return the view of an API endpoint, prepared as for a request with `method`."""
    view = endpoint.callback.cls(**endpoint.callback.initkwargs)
    actions = getattr(endpoint.callback, "actions", None)
    view.action = actions[method.lower()] if actions else None
    view.request = type("Request", (), {"method": method, "query_params": {}})()
    view.kwargs = {endpoint.parameter: None} if endpoint.parameter else {}
    return view


def api_parameters(endpoint: Endpoint, method: str) -> set[str]:
    if not hasattr(endpoint.callback, "cls"):
        return set()
    return allowed_query_parameters(make_view(endpoint, method))


def orderings(endpoint: Endpoint, method: str) -> list[str]:
    """Return every value that the parameter `ordering` of a list may have."""
    if "ordering" not in api_parameters(endpoint, method):
        return []
    names = ordering_table(make_view(endpoint, method))
    return [*names, *(f"-{name}" for name in names)]


def admin_list_parameters(endpoint: Endpoint) -> set[str]:
    """Return the filter parameters of an admin list.

    They include filters by relation that the list does not declare and must reject.
    """
    model = _model(endpoint.model)
    if model is None or not endpoint.name.endswith("_changelist"):
        return set()
    model_admin: Any = admin.site._registry[model]
    assert isinstance(model_admin, TenantAdmin)
    declared = {
        name
        for list_filter in model_admin.list_filter
        for name in _parameters(list_filter)
    }
    filters = {f"{name}{end}" for name in declared for end in ("", "__exact")}
    references = {
        list_filter.name
        for list_filter in model._meta.fields
        if list_filter.is_relation
    }
    return filters | {f"{name}__id__exact" for name in references | declared} | {"q"}


def _model(label: str) -> Any:
    return apps.get_model(label) if label else None
