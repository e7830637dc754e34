"""Model fields that clean their text. `tests/test_text_columns.py` requires them for every text column."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from django import forms
from django.db import models

from .admin import form_fields
from .text import clean_line, clean_text

# Type variables of django-stubs: the type that a column accepts, and the type that it returns.
_ST = TypeVar("_ST")
_GT = TypeVar("_GT")


class CleanedColumn:
    """Mixin of text fields that clean their values.

    Values are cleaned before validation, comparison, saving and UPDATE.

    `pre_save` also writes the cleaned text back to the instance. Migrations contain Django's plain field.
    """

    clean_stored: ClassVar["staticmethod[[str], str]"]
    plain: ClassVar[type[Any]]
    form_class: ClassVar[type[Any]]
    attname: str

    def to_python(self, value: object) -> object:
        value = super().to_python(value)  # type: ignore[misc]
        return self.clean_stored(value) if isinstance(value, str) else value

    def get_prep_value(self, value: object) -> object:
        return self.to_python(super().get_prep_value(value))  # type: ignore[misc]

    def pre_save(self, model_instance: models.Model, add: bool) -> object:
        self.clean_in(model_instance)
        return super().pre_save(model_instance, add)  # type: ignore[misc]

    def clean_in(self, row: models.Model) -> None:
        """Clean this field of `row`, unless it is deferred or an expression."""
        value = row.__dict__.get(self.attname)
        if isinstance(value, str):
            setattr(row, self.attname, self.clean_stored(value))

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        return super().formfield(**{"form_class": self.form_class, **kwargs})  # type: ignore[misc,no-any-return]

    def deconstruct(self) -> tuple[str, str, Sequence[object], dict[str, object]]:
        name, _path, args, kwargs = super().deconstruct()  # type: ignore[misc]
        return name, f"django.db.models.{self.plain.__name__}", args, kwargs


class LineField(CleanedColumn, models.CharField[_ST, _GT]):
    """A line of text: a name, an id, a code, a phone number, a reason, a comment."""

    clean_stored = staticmethod(clean_line)
    plain = models.CharField
    form_class = form_fields.LineFormField


class LinesField(CleanedColumn, models.TextField[_ST, _GT]):
    """Text of several lines."""

    clean_stored = staticmethod(clean_text)
    plain = models.TextField
    form_class = form_fields.LinesFormField


class EmailField(CleanedColumn, models.EmailField[_ST, _GT]):
    """An e-mail address."""

    clean_stored = staticmethod(clean_line)
    plain = models.EmailField
    form_class = form_fields.EmailFormField


def clean_columns(row: models.Model) -> None:
    """Clean all cleaned text fields of `row`."""
    for field in row._meta.concrete_fields:
        if isinstance(field, CleanedColumn):
            field.clean_in(row)


def assign(row: models.Model, values: Mapping[str, object]) -> None:
    """Set `values` on `row` and clean the row; other text columns keep their stored text.

    Stored text that would violate a constraint when cleaned is left unchanged until it is edited: see `manage.py
    check_names`.
    """
    stored = {
        field.attname: row.__dict__[field.attname]
        for field in row._meta.concrete_fields
        if isinstance(field, CleanedColumn)
        and field.name not in values
        and field.attname in row.__dict__
    }
    for field, value in values.items():
        setattr(row, field, value)
    row.clean()
    row.__dict__.update(stored)
