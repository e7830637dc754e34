"""Copies of employees with all their cards, for large amounts of data.

The services have created the rows that are copied. A copy has the same figures with new ids, names, passports and
external ids, so it obeys the same rules. Row-level security shows one business to a statement. So the rows of a table
are read as one JSON text in the scope of one business, and inserted by one statement in the scope of another.
"""

import random
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, models, reset_queries
from django.db.models import Q, QuerySet

from accounts.models import User
from audit.models import AuditEvent
from businesses.tenancy.context import business_scope
from workcards.models import ApprovedDay, DayEntry, WorkCard
from workforce.models import Employee

from .people import DemoBusiness, new_identity

# A string of a JSON text, with its escapes.
STRING = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"')
UUID_LENGTH = 36
# The end of a card's id, which its label in the audit trail contains.
LABEL_LENGTH = 6


@dataclass(frozen=True)
class CopySource:
    """A business whose employees are copied."""

    business_id: uuid.UUID
    users: Sequence[User]


def copy_employees(business: DemoBusiness, source: CopySource, numbers: range) -> None:
    """Add employees with these numbers to the business: copies of employees of `source`, again and again."""
    with business_scope(source.business_id):
        originals = list(_copyable())
    for start in range(0, len(numbers), len(originals)):
        batch = numbers[start : start + len(originals)]
        _copy(business, source, originals[: len(batch)], batch)


def _copyable() -> Any:
    """Return the employees without a scan on any card."""
    with_scan = WorkCard.objects.filter(file__isnull=False, employee__isnull=False)
    return Employee.objects.exclude(pk__in=with_scan.values("employee")).order_by("id")


def _rows_of(employees: Sequence[Employee]) -> Iterator[QuerySet[Any]]:
    """Yield the rows of the employees, each table after those that it references."""
    ids = [employee.pk for employee in employees]
    # A card without a scan was created for its employee, and may have none now.
    cards = AuditEvent.objects.filter(
        event_type="card_created", employee_id__in=ids
    ).values("work_card_id")
    yield Employee.objects.filter(pk__in=ids)
    yield WorkCard.objects.filter(pk__in=cards)
    yield DayEntry.objects.filter(work_card__in=cards)
    yield ApprovedDay.objects.filter(work_card__in=cards)
    yield AuditEvent.objects.filter(Q(work_card_id__in=cards) | Q(entity_id__in=ids))


def _copy(
    business: DemoBusiness,
    source: CopySource,
    originals: Sequence[Employee],
    numbers: Sequence[int],
) -> None:
    with business_scope(source.business_id):
        tables = [(rows.model, _as_json(rows)) for rows in _rows_of(originals)]
    replacements = {
        str(site.pk): str(site.pk) for site in business.sites
    } | _replacements_of_users(business, source)
    for original, number in zip(originals, numbers, strict=True):
        replacements |= new_identity(business, original, number)
    rename = _Replacing(replacements, business.rng("copy", numbers[0]))
    for model, text in tables:
        _insert(model, STRING.sub(rename, text))


def _replacements_of_users(
    business: DemoBusiness, source: CopySource
) -> dict[str, str]:
    found = {str(source.business_id): str(business.row.pk)}
    for original, new in zip(source.users, business.users, strict=True):
        found |= {str(original.pk): str(new.pk), original.full_name: new.full_name}
    return found


class _Replacing:
    """Replaces strings of a JSON text by `replacements`, and all other ids by new ones."""

    def __init__(self, replacements: dict[str, str], rng: random.Random) -> None:
        self._replacements = replacements
        self._rng = rng

    def __call__(self, match: re.Match[str]) -> str:
        text = match[1]
        found = self._replacements.get(text)
        if found is None:
            if len(text) != UUID_LENGTH or text[8] != "-" or text[14] != "7":
                return match[0]
            found = self._replacements[text] = self._new_id(text)
        return f'"{found}"'

    def _new_id(self, text: str) -> str:
        """Return an id of the same time and with the same end, which labels of cards contain."""
        digits = f"{self._rng.getrandbits(48):012x}"
        return f"{text[:15]}{digits[:3]}-{text[19]}{digits[3:6]}-{digits[6:]}{text[-LABEL_LENGTH:]}"


def _as_json(rows: QuerySet[Any]) -> str:
    """Return rows as the text of a JSON array; the text is empty without rows."""
    # In a fixed order, in which the copies get their ids.
    sql, parameters = rows.order_by("id").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT json_agg(found)::text FROM ({sql}) AS found",  # noqa: S608 -- a query of Django
            parameters,
        )
        return cursor.fetchone()[0] or ""


def _insert(model: type[models.Model], text: str) -> None:
    """Insert the rows of a JSON array."""
    if not text:
        return
    columns = ", ".join(
        str(field.column)
        for field in model._meta.concrete_fields
        if not isinstance(field, models.GeneratedField)
    )
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({columns}) "  # noqa: S608 -- names of our own models
            f"SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s)",
            [text],
        )
    # With DEBUG on, Django stores the statements, and these have megabytes.
    reset_queries()
