"""Names that are unique by appearance.

A second column holds the key: the name folded for comparison, unique in the database.
Names that were stored earlier and fold to the same key clash. The key of all but the
first ends in the row's id until the row is renamed. No other row may take a clashing
name, even after the first row has been renamed.
"""

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django.db import models

from automatehq.api.errors import IN_USE_CODE, IN_USE_DETAIL, Invalid
from automatehq.text import fold

# An index entry of PostgreSQL can hold a key of this length in any script.
KEY_LENGTH = 400
# The separator between key and id of a clashing name. No folded name has a line break.
_CLASH = "\n"


def name_key(name: str) -> str:
    """Return the key of a name; names with the same key look the same."""
    key = fold(name)
    if len(key) <= KEY_LENGTH:
        return key
    return f"{key[:KEY_LENGTH]} {hashlib.sha256(key.encode()).hexdigest()}"


def clashing_key(name: str, row_id: uuid.UUID) -> str:
    """Return the key of a row whose name clashes with that of another row."""
    return f"{name_key(name)}{_CLASH}{row_id}"


def is_clashing(key: str) -> bool:
    """Return True if `key` is that of a row whose name clashes."""
    return _CLASH in key


def keys_of(rows: Iterable[tuple[uuid.UUID, str]]) -> dict[uuid.UUID, str]:
    """Return the key of each (id, name); the first row of each key has it without an id."""
    keys: dict[uuid.UUID, str] = {}
    used_keys: set[str] = set()
    for row_id, name in rows:
        key = name_key(name)
        keys[row_id] = clashing_key(name, row_id) if key in used_keys else key
        used_keys.add(key)
    return keys


class NameKeyField(models.TextField[str, str]):
    """The key of the name in the field `name_field`, updated whenever the row is saved."""

    def __init__(self, name_field: str = "", **kwargs: Any) -> None:
        self.name_field = name_field
        super().__init__(**{**kwargs, "editable": False})

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        name = getattr(model_instance, self.name_field)
        stored = getattr(model_instance, self.attname) or ""
        if stored != clashing_key(name, model_instance.pk):
            stored = name_key(name)
            setattr(model_instance, self.attname, stored)
        return stored


class NamedModel(models.Model):
    """A mixin of models with a `name_key` of the field `NAME`."""

    NAME: ClassVar[str]
    name_key: Any

    class Meta:
        abstract = True

    def save(
        self,
        *args: Any,
        update_fields: Iterable[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Save the row; `name_key` is written together with the name."""
        if update_fields is not None and self.NAME in update_fields:
            update_fields = {*update_fields, "name_key"}
        super().save(*args, update_fields=update_fields, **kwargs)

    def reject_clashing_name(self) -> None:
        """Raise `Invalid` if the new name looks like an existing clashing name.

        The keys of rows with clashing names end in an id, so the constraint cannot
        reject it. One query, on the rows that the scope can read.
        """
        key = name_key(getattr(self, self.NAME))
        rows: Any = type(self)._default_manager.exclude(pk=self.pk)
        if rows.filter(name_key__startswith=f"{key}{_CLASH}").exists():
            raise Invalid(IN_USE_CODE, IN_USE_DETAIL, self.NAME)

    @property
    def has_new_name(self) -> bool:
        """Return True if the name has another key than the stored key."""
        key = name_key(getattr(self, self.NAME))
        return bool(self.name_key.split(_CLASH)[0] != key)
