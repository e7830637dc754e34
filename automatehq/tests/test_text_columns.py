"""All text of users is cleaned, in every text column, serializer field and form field."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from django import forms
from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from rest_framework import serializers

from automatehq import text_columns
from automatehq.admin import form_fields
from automatehq.api import fields
from automatehq.api.serializers import StrictModelSerializer, StrictSerializer

APPS = (
    "accounts",
    "audit",
    "businesses",
    "exports",
    "reports",
    "workcards",
    "workforce",
)
# Columns without text of users. Columns with choices are excluded too.
NOT_TYPED = {
    "accounts.IdempotencyKey.key": "a token of the client, compared to the letter",
    "accounts.IdempotencyKey.request_hash": "a hash",
    "accounts.IdempotencyKey.response_body": "JSON that the API wrote",
    "accounts.Account.password": "a hash",
    "audit.AuditEvent.event_type": "one of the code's words",
    "audit.AuditEvent.entity_type": "one of the code's words",
    "businesses.Business.time_zone": "validated: a name of the IANA database",
    "businesses.Business.default_region": "validated: a code of ISO 3166",
    "businesses.MigrationOriginal.table_name": "a table's name",
    "businesses.Business.name_key": "folded from the name",
    "workforce.Site.name_key": "folded from the name",
    "exports.ExportRun.sha256": "a hash",
    "exports.ExportRun.file": "a path in storage",
    "exports.ExportRun.snapshot": "a path in storage",
    "workcards.WorkCardFile.mime_type": "detected from the file's content",
    "workcards.WorkCardFile.sha256_hash": "a hash",
    "workcards.WorkCard.original_filename": "made safe by `clean_filename`",
    "workcards.WorkCard.mime_type": "detected from the file's content",
    "workcards.WorkCard.sha256_hash": "a hash",
}


def _text_columns() -> Iterator[tuple[str, Any]]:
    for label in APPS:
        for model in apps.get_app_config(label).get_models():
            for field in model._meta.local_concrete_fields:
                text = field.base_field if isinstance(field, ArrayField) else field
                is_text = isinstance(text, (models.CharField, models.TextField))
                if is_text and not text.choices:
                    yield f"{label}.{model.__name__}.{field.name}", text


COLUMNS = dict(_text_columns())


@pytest.mark.parametrize("name", COLUMNS)
def test_every_text_column_is_cleaned_or_has_a_reason(name: str) -> None:
    is_cleaned = isinstance(COLUMNS[name], text_columns.CleanedColumn)
    assert is_cleaned != (name in NOT_TYPED)


def test_no_reason_is_of_a_column_that_is_gone() -> None:
    assert NOT_TYPED.keys() <= COLUMNS.keys()


# Serializer fields that store text unchanged.
TO_THE_LETTER = {
    "password": "a password",
    "current_password": "a password",
    "new_password": "a password",
    "refresh": "a token",
    "hash": "a hash, validated",
    "sheet": "the name of a sheet as the file has it",
}
# Serializers of responses, which parse no input.
WRITTEN_ONLY = {
    "accounts.auth_serializers.ActingSerializer",
    "accounts.auth_serializers.ActingTokenSerializer",
    "accounts.auth_serializers.BusinessChoiceSerializer",
    "accounts.auth_serializers.BusinessChoicesSerializer",
    "accounts.auth_serializers.MeSerializer",
    "accounts.auth_serializers.SignedInSerializer",
    "accounts.auth_serializers.TokensSerializer",
    "exports.run_diff_views.NamedSerializer",
}
CLEANED_FIELDS = (
    fields.LineSerializerField,
    fields.LinesSerializerField,
    fields.EmailSerializerField,
)


def _subclasses(cls: type) -> Iterator[Any]:
    for subclass in cls.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


def _import_all() -> None:
    """Import all modules with serializers and forms, also those without a route."""
    import_module(settings.ROOT_URLCONF)


_import_all()
SERIALIZERS = {
    f"{cls.__module__}.{cls.__qualname__}": cls
    for cls in _subclasses(StrictSerializer)
    if cls is not StrictModelSerializer and ".tests." not in cls.__module__
}


@pytest.mark.parametrize("name", sorted(SERIALIZERS.keys() - WRITTEN_ONLY))
def test_every_text_field_of_a_serializer_is_cleaned_or_taken_to_the_letter(
    name: str,
) -> None:
    for field_name, field in SERIALIZERS[name]().fields.items():
        text = getattr(field, "child", field)
        if isinstance(text, serializers.CharField) and not text.read_only:
            is_cleaned = isinstance(text, CLEANED_FIELDS)
            assert is_cleaned or field_name in TO_THE_LETTER, (
                f"{field_name}: use LineField or LinesField"
            )


FORMS = {
    f"{cls.__module__}.{cls.__qualname__}": cls
    for cls in _subclasses(forms.BaseForm)
    if cls.__module__.split(".")[0] in (*APPS, "automatehq")
    and ".tests." not in cls.__module__
}
CLEANED_FORM_FIELDS = (
    form_fields.LineFormField,
    form_fields.LinesFormField,
    form_fields.EmailFormField,
)


@pytest.mark.parametrize("name", FORMS)
def test_every_text_field_of_a_form_is_cleaned_or_a_password(name: str) -> None:
    for field_name, field in FORMS[name].base_fields.items():
        if isinstance(field, forms.CharField):
            is_password = isinstance(field.widget, forms.PasswordInput)
            is_parsed = isinstance(field, forms.UUIDField)
            is_cleaned = isinstance(field, CLEANED_FORM_FIELDS)
            assert is_cleaned or is_password or is_parsed, field_name
