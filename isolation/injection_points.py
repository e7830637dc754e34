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

from .endpoints import Door
from .request_comparison import Seen
from .tenants import CANARY, NOBODYS, World, globex_scan

# All businesses read all sites, so that the id of a site is not secret.
SHARED = "workforce.site"
NOBODYS_ID = uuid.UUID("01a21900-0000-7000-8000-00000000dead")
# The models to try if the name of a field does not identify a model.
ANYTHING = (
    "businesses.business",
    "accounts.user",
    "workforce.employee",
    "workcards.workcard",
)


class Pair(NamedTuple):
    """Two values for one injection point: a value of Globex, and a value that no row has.

    `own` is the value of Acme, if there is one.
    """

    kind: str
    foreign: Any
    missing: Any
    own: Any = None

    @property
    def sent(self) -> tuple[str, str]:
        """Return the text of each value that a response may repeat: the id or text, or the hash of a file."""
        return _repeatable(self.foreign), _repeatable(self.missing)


def _repeatable(value: Any) -> str:
    if isinstance(value, str):
        return value
    file = value[0] if isinstance(value, list) else value
    file.seek(0)
    return hashlib.sha256(file.read()).hexdigest()


def pair_of(label: str, foreign: uuid.UUID, own: uuid.UUID | None = None) -> Pair:
    return Pair(label, str(foreign), str(beside(foreign)), own and str(own))


def beside(row_id: uuid.UUID) -> uuid.UUID:
    """Return the adjacent id, which no row has.

    No other id sorts between the two, so that comparisons with the ids of other rows give the same result for both.
    """
    return uuid.UUID(int=row_id.int ^ 1)


class Place(NamedTuple):
    """An injection point. `where` holds the name of a query parameter, or the path of a field in the body."""

    where: tuple[Any, ...]
    pairs: tuple[Pair, ...]
    is_query: bool = False
    # Outer objects that the body must contain before the value can be set: path → value.
    around: tuple[tuple[tuple[Any, ...], Any], ...] = ()

    def __str__(self) -> str:
        return ("?" if self.is_query else "") + ".".join(map(str, self.where))


class Finder:
    """The injection points of an endpoint and the values to inject."""

    def __init__(self, world: World) -> None:
        self.world = world
        foreign, own = world.globex.ids(), world.acme.ids()
        self.ids = {
            label: pair_of(label, foreign[label], own[label]) for label in foreign
        }

    # Queries

    def in_query(self, door: Door, method: str, seen: Seen) -> Iterator[Place]:
        """Yield every query parameter that the view allows or reads."""
        if door.is_api:
            names = api_parameters(door, method)
            model = getattr(getattr(door.callback, "cls", None), "queryset", None)
        else:
            names = {*seen.names, *list_parameters(door)}
            model = None
        of_model = getattr(model, "model", None) or _model(door.model)
        for name in sorted(names):
            pairs = (*self._ids_for(name, of_model), *self.texts())
            yield Place((name,), pairs, is_query=True)

    def texts(self) -> Iterator[Pair]:
        """Yield texts of Globex that users search for."""
        employee: Any = self.world.globex.rows["workforce.employee"]
        card: Any = self.world.globex.rows["workcards.workcard"]
        for text in (employee.full_name, employee.passport_id, card.notes):
            yield Pair("text", text, nobodys(text))

    def _ids_for(self, name: str, model: Any) -> list[Pair]:
        """Return the ids for a parameter name.

        The relation of that name in `model` decides the kind. If there is none, return the ids of models with that
        name, or of the models in `ANYTHING`.
        """
        stem = name.split("__", maxsplit=1)[0].removesuffix("_id")
        for one in model._meta.fields if model else ():
            if one.name == stem and one.is_relation:
                return [self.ids[one.related_model._meta.label_lower]]
        guessed = [label for label in self.ids if label.endswith(f".{stem}")]
        return [self.ids[label] for label in guessed or ANYTHING]

    # Bodies

    def in_body(self, seen: Seen) -> Iterator[Place]:
        """Yield every field that can hold an id, a text or a file in the body.

        They are the fields of the serializers that parsed the body, and the model choice fields of its forms.
        """
        for serializer in seen.readers:
            if not isinstance(serializer, QuerySerializer):
                yield from self._in_serializer(serializer, (), ())
        chosen = {
            form.add_prefix(name): one
            for form in seen.forms
            for name, one in form.fields.items()
            if isinstance(one, ModelChoiceField)
        }
        for name, one in chosen.items():
            model: Any = one.queryset.model  # type: ignore[union-attr]
            yield Place((name,), (self.ids[model._meta.label_lower],))

    def _in_serializer(
        self, serializer: Any, path: tuple[Any, ...], around: tuple[Any, ...]
    ) -> Iterator[Place]:
        for name, one in serializer.fields.items():
            where = (*path, name)
            if isinstance(one, serializers.ListSerializer) and not one.read_only:
                inside = (*around, (where, [least(one.child)]))
                yield from self._in_serializer(one.child, (*where, 0), inside)
            elif isinstance(one, serializers.Serializer) and not one.read_only:
                inside = (*around, (where, least(one)))
                yield from self._in_serializer(one, where, inside)
            elif pairs := tuple(self._for_field(name, one, serializer)):
                yield Place(where, pairs, around=around)

    def _for_field(self, name: str, one: Any, serializer: Any) -> Iterator[Pair]:
        model = getattr(getattr(serializer, "Meta", None), "model", None)
        if isinstance(one, ReferenceField):
            yield self.ids[one.get_queryset().model._meta.label_lower]  # type: ignore[union-attr]
        elif isinstance(one, (serializers.UUIDField, NamedReference)):
            yield from self._ids_for("pk" if name == "id" else name, model)
        elif isinstance(one, serializers.ListField):
            if isinstance(one.child, serializers.FileField):
                yield self._file(as_list=True)
        elif isinstance(one, serializers.CharField):
            yield from self._value(name, model)

    def _value(self, name: str, model: Any) -> Iterator[Pair]:
        """Yield a marked text of Globex from the column `name`, if there is one.

        The column is one of `model`, or of any model if `model` is None.
        """
        rows = self.world.globex.rows
        for row in [rows[model._meta.label_lower]] if model else rows.values():
            text = getattr(row, name, None)
            if isinstance(text, str) and CANARY.lower() in text.lower():
                yield Pair(f"{row._meta.db_table}.{name}", text, nobodys(text))
                return

    def _file(self, *, as_list: bool) -> Pair:
        """Return the stored scan of Globex, and a similar scan that no business has."""
        from_globex: Any = self.world.globex.rows["workcards.workcardfile"]
        with from_globex.original.open() as stored:
            content = stored.read()
        files = [
            SimpleUploadedFile("card.png", bytes(picture))
            for picture in (content, globex_scan(NOBODYS))
        ]
        foreign, missing = ([file] for file in files) if as_list else files
        return Pair("file", foreign, missing)


def nobodys(text: str) -> str:
    """Return `text` with an unused word of the same length in place of the canary."""
    for word, other in (
        (CANARY, NOBODYS),
        (CANARY.upper(), NOBODYS.upper()),
        (CANARY.lower(), NOBODYS.lower()),
    ):
        text = text.replace(word, other)
    return text


def least(serializer: Any) -> dict[str, Any]:
    """Return the smallest object that a nested serializer accepts."""
    return {
        name: _least_value(one)
        for name, one in serializer.fields.items()
        if one.required and not one.read_only
    }


def _least_value(one: Any) -> Any:
    match one:
        case serializers.UUIDField():
            return str(NOBODYS_ID)
        case serializers.DateField():
            return "2026-06-01"
        case serializers.ChoiceField():
            return next(iter(one.choices))
        case serializers.IntegerField():
            return one.min_value or 1
        case _:
            return "Sample"


# Parameters


def view_of(door: Door, method: str) -> Any:
    """Return the view of an API endpoint, prepared as for a request with `method`."""
    view = door.callback.cls(**door.callback.initkwargs)
    actions = getattr(door.callback, "actions", None)
    view.action = actions[method.lower()] if actions else None
    view.request = type("Request", (), {"method": method, "query_params": {}})()
    view.kwargs = {door.parameter: None} if door.parameter else {}
    return view


def api_parameters(door: Door, method: str) -> set[str]:
    if not hasattr(door.callback, "cls"):
        return set()
    return allowed_query_parameters(view_of(door, method))


def orderings(door: Door, method: str) -> list[str]:
    """Return every value that the parameter `ordering` of a list may have."""
    if "ordering" not in api_parameters(door, method):
        return []
    names = ordering_table(view_of(door, method))
    return [*names, *(f"-{name}" for name in names)]


def list_parameters(door: Door) -> set[str]:
    """Return the filter parameters of an admin list.

    They include filters by relation that the list does not declare and must reject.
    """
    model = _model(door.model)
    if model is None or not door.name.endswith("_changelist"):
        return set()
    model_admin: Any = admin.site._registry[model]
    assert isinstance(model_admin, TenantAdmin)
    declared = {name for one in model_admin.list_filter for name in _parameters(one)}
    asked = {f"{name}{end}" for name in declared for end in ("", "__exact")}
    references = {one.name for one in model._meta.fields if one.is_relation}
    return asked | {f"{name}__id__exact" for name in references | declared} | {"q"}


def _model(label: str) -> Any:
    return apps.get_model(label) if label else None
