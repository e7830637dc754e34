"""Matches rows to employees: by passport, else by external id, and never by name."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from automatehq.api.errors import Problem
from workforce.models import Employee

from .row_values import Key, PersonRow, changed, visible


class Known(NamedTuple):
    """The keys of an existing employee."""

    pk: uuid.UUID
    passport_id: str | None
    external_employee_id: str | None


class EmployeeMatch(NamedTuple):
    """The employee with a key, if any. `is_near` means that only leading zeros differ."""

    pk: uuid.UUID | None = None
    is_near: bool = False
    is_ambiguous: bool = False


@dataclass(frozen=True)
class _Index:
    """The employees by one key, unchanged and without leading zeros."""

    exact: Mapping[str, uuid.UUID]
    near: Mapping[str, list[uuid.UUID]]

    @classmethod
    def of(cls, keys: Iterable[tuple[str | None, uuid.UUID]]) -> "_Index":
        exact: dict[str, uuid.UUID] = {}
        near: dict[str, list[uuid.UUID]] = {}
        for text, pk in keys:
            if text:
                exact[text] = pk
                near.setdefault(text.lstrip("0"), []).append(pk)
        return cls(exact, near)

    def find(self, key: Key) -> EmployeeMatch:
        for text in (key.text, visible(key.text)):
            if text in self.exact:
                return EmployeeMatch(self.exact[text])
        if not key.is_number:
            return EmployeeMatch()
        near = self.near.get(key.text.lstrip("0"), [])
        return EmployeeMatch(
            near[0] if len(near) == 1 else None,
            is_near=len(near) == 1,
            is_ambiguous=len(near) > 1,
        )


class Matcher:
    """Matches rows to employees of the business in scope. One query."""

    def __init__(self) -> None:
        rows: Any = Employee.objects.order_by().values_list(*Known._fields)
        self.known = {known.pk: known for known in (Known(*row) for row in rows)}
        employees = self.known.values()
        self._by_passport = _Index.of((one.passport_id, one.pk) for one in employees)
        self._by_external = _Index.of(
            (one.external_employee_id, one.pk) for one in employees
        )

    def match(self, row: PersonRow) -> Known | None:
        """Return the row's employee; None for a new employee or a row with errors.

        Adds errors and warnings to the row. A matched key is replaced by the stored key.
        """
        if row.errors or row.is_header:
            return None
        if not row.passport.text and not row.external.text:
            row.errors.append(Problem("no_key", _("Passport or external ID required.")))
            return None
        passport = self._look_up(row, "passport_id", row.passport, self._by_passport)
        external = self._look_up(
            row, "external_employee_id", row.external, self._by_external
        )
        if row.errors:
            return None
        if passport.pk and external.pk and passport.pk != external.pk:
            row.errors.append(
                Problem(
                    "two_people",
                    _("Passport and external ID belong to two different employees."),
                    "external_employee_id",
                )
            )
            return None
        pk = passport.pk or external.pk
        if pk is None:
            return None
        known = self.known[pk]
        if passport.pk:
            row.passport = Key(known.passport_id or "")
        elif row.passport.text and known.passport_id:
            _report_other_passport(row, external)
        if external.pk:
            row.external = Key(known.external_employee_id or "")
        return known

    @staticmethod
    def _look_up(row: PersonRow, name: str, key: Key, index: _Index) -> EmployeeMatch:
        if not key.text:
            return EmployeeMatch()
        result = index.find(key)
        if key.looks_changed and result.pk is None:
            row.errors.append(changed(key.text, name))
        if result.is_near:
            row.warnings.append(
                Problem(
                    "leading_zeros",
                    _(
                        "Matched without the leading zeros, which numbers lose in a spreadsheet."
                    ),
                    name,
                )
            )
        if result.is_ambiguous:
            row.errors.append(
                Problem(
                    "leading_zeros",
                    _(
                        "Several employees have this number with different leading zeros."
                    ),
                    name,
                )
            )
        return result


def _report_other_passport(row: PersonRow, external: EmployeeMatch) -> None:
    """Add the problem of a row with the external id of an employee with another passport.

    The passport is new if the external id is exact; otherwise this is an error.
    """
    if external.is_near:
        row.errors.append(
            Problem(
                "two_people",
                _(
                    "Apart from leading zeros, this external ID belongs to an employee with another passport."
                ),
                "external_employee_id",
            )
        )
    else:
        row.warnings.append(
            Problem(
                "passport_changes",
                _("This changes the passport of the employee with this external ID."),
                "passport_id",
            )
        )
