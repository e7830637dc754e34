"""Preview and apply of an employee file: one and the same work, but that the preview is rolled back.

What can only be known by writing, a passport that another business has or somebody who was added a moment ago, is thus
known to the preview as it is to the apply. The hash stands for the file and for all that the preview said: an apply
that would do anything else is refused.
"""

import hashlib
import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_standardized_errors.formatter import flatten_errors
from rest_framework.exceptions import ValidationError

from audit.attempts import check_in_use_limit
from audit.models import AuditEvent
from audit.services import event_of, plain, record_many, snapshot
from automatehq.counters import take_turn
from automatehq.rest.errors import (
    BROKEN_RULES,
    IN_USE_CODE,
    Conflict,
    DomainError,
    Invalid,
    Problem,
    refusal_of,
)
from businesses.models import Business
from businesses.tenancy.context import get_current_business_id
from workforce import services
from workforce.models import Employee, Site

from .matching import Matcher
from .rows import PersonRow, person_rows, visible
from .serializers import PersonSerializer
from .sites import Sites
from .tables import read_table

Action = Literal["create", "update", "unchanged", "error"]
ACTIONS: tuple[Action, ...] = ("create", "update", "unchanged", "error")
# Rows that are written in one statement.
BATCH = 500
# Told that a value is already in use: the field and the value.
OnInUse = Callable[[str, str], None]


@dataclass(slots=True)
class RowPlan:
    """What becomes of a row: `before` and `after` hold the fields that change, as in the trail."""

    row: PersonRow
    employee: Employee | None = None
    is_new: bool = False
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    site_names: tuple[str | None, str | None] = (None, None)

    @property
    def action(self) -> Action:
        if self.row.errors:
            return "error"
        if self.is_new:
            return "create"
        return "update" if self.after else "unchanged"

    @property
    def employee_id(self) -> uuid.UUID | None:
        """Of somebody who is there; nobody who is new has an id before they are written."""
        return self.employee.pk if self.employee and not self.is_new else None

    @property
    def changes(self) -> list[dict[str, Any]]:
        """Field by field, old and new; a site by its name."""
        if self.row.errors:
            return []
        shown = {
            name: (self.before.get(name), new)
            for name, new in self.after.items()
            if not (self.is_new and new in (None, ""))
        }
        if "site_id" in shown:
            shown["site_id"] = self.site_names
        shown.pop("is_active" if self.is_new else "", None)
        return [
            {"field": "site" if name == "site_id" else name, "old": old, "new": new}
            for name, (old, new) in shown.items()
        ]


@dataclass(frozen=True, slots=True)
class Import:
    """What an employee file does, or has done."""

    hash: str
    plans: Sequence[RowPlan]
    unknown_columns: Sequence[str]

    @property
    def summary(self) -> dict[str, int]:
        counts = Counter(plan.action for plan in self.plans)
        return {action: counts[action] for action in ACTIONS}


def preview_import(*, data: bytes, actor: Any, on_in_use: OnInUse) -> Import:
    """What the file would do. Raises `Invalid` for a file that can't be read, `TooMany` for too many values in use."""
    with transaction.atomic():
        done = _run(data, actor, on_in_use)
        transaction.set_rollback(True)
    return done


def apply_import(
    *,
    data: bytes,
    hash: str,  # noqa: A002 -- what the API calls it
    actor: Any,
    on_in_use: OnInUse,
    skip_errors: bool = False,
) -> Import:
    """Do what the preview with this hash has shown; rows with errors are left out if `skip_errors`.

    Raises `Conflict` `preview_stale` if the file would do something else now, `Invalid` `rows_refused` if rows have
    errors; both with the preview as it is now, and with nothing written.
    """
    with transaction.atomic():
        done = _run(data, actor, on_in_use)
        if done.hash != hash:
            raise Stale(done)
        if done.summary["error"] and not skip_errors:
            raise Refused(done)
        _record(done, data, actor)
    return done


class Stale(Conflict):
    """The preview is not what would be done now."""

    def __init__(self, done: Import) -> None:
        super().__init__(
            "preview_stale",
            _("The file or your employees have changed since the preview. Look again."),
        )
        self.done = done


class Refused(Invalid):
    """Rows have errors, and nobody said that they may be left out."""

    def __init__(self, done: Import) -> None:
        super().__init__(
            "rows_refused",
            _("%d rows have errors. Correct them, or import without them.")
            % done.summary["error"],
            "file",
        )
        self.done = done


def _run(data: bytes, actor: Any, on_in_use: OnInUse) -> Import:
    table = read_table(data)
    rows = list(person_rows(table))
    business_id = get_current_business_id()
    take_turn(f"employee-import:{business_id}")
    plans = _plan(rows, Business.objects.get(pk=business_id))
    _Writer(actor, on_in_use).write(plans)
    return Import(_hash(data, plans), plans, table.unknown)


# Planning


def _plan(rows: Sequence[PersonRow], business: Business) -> list[RowPlan]:
    matcher = Matcher()
    known = [matcher.match(row) for row in rows]
    _refuse_same_person(rows, [one.pk if one else None for one in known])
    employees = _lock(one for one in known if one)
    planner = _Planner(business)
    return [
        planner.plan(row, employees[one.pk] if one else None)
        for row, one in zip(rows, known, strict=True)
    ]


def _refuse_same_person(
    rows: Sequence[PersonRow], known: Sequence[uuid.UUID | None]
) -> None:
    claims: dict[Any, list[PersonRow]] = defaultdict(list)
    for row, pk in zip(rows, known, strict=True):
        claimed = {pk, ("passport", row.passport.text), ("external", row.external.text)}
        for claim in claimed - {None, ("passport", ""), ("external", "")}:
            claims[claim].append(row)
    told = set()
    for claimants in claims.values():
        for row in claimants if len(claimants) > 1 else ():
            if row.number in told:
                continue
            told.add(row.number)
            others = ", ".join(
                str(other.number) for other in claimants[:5] if other is not row
            )
            row.errors.append(
                Problem(
                    "same_person",
                    _("Another row is about the same employee: %s.") % others,
                )
            )


def _lock(known: Iterable[Any]) -> dict[uuid.UUID, Employee]:
    """The employees of the rows, locked. `Conflict` if somebody has changed their keys since they were matched."""
    keys = {one.pk: one for one in known}
    rows = Employee.objects.filter(pk__in=list(keys)).select_related("site")
    locked = {
        row.pk: row for row in rows.select_for_update(of=("self",)).order_by("pk")
    }
    for pk, one in keys.items():
        row = locked.get(pk)
        is_same = row and (row.passport_id, row.external_employee_id) == one[1:]
        if not is_same:
            raise Conflict("busy", _("Somebody else is changing this. Try again."))
    return locked


class _Planner:
    """Turns a row into what is to be done, by the rules that an employee who is edited alone obeys."""

    def __init__(self, business: Business) -> None:
        self._list: Any = PersonSerializer(many=True, context={"business": business})
        self._sites = Sites()
        self._judge = cache(services.site_refusal)

    def plan(self, row: PersonRow, employee: Employee | None) -> RowPlan:
        plan = RowPlan(row, employee, is_new=employee is None)
        if row.errors:
            return plan
        values = self._read(row, employee)
        site = self._sites.find(row)
        if row.errors:
            return plan
        if site is not None:
            values["site"] = site
        try:
            self._fill(plan, values)
        except DomainError as refusal:
            row.errors.extend(refusal.problems)
        else:
            _look_at_employment(plan)
        return plan

    def _read(self, row: PersonRow, employee: Employee | None) -> dict[str, Any]:
        """The values of a row as the API would read them from a body."""
        body = {
            name: text
            for name, text in row.values.items()
            if name not in ("site_name", "site_code")
        }
        if row.passport.text:
            body["passport_id"] = row.passport.text
        if row.external.text:
            is_stored = employee and employee.external_employee_id == row.external.text
            text = row.external.text
            body["external_employee_id"] = text if is_stored else visible(text)
        serializer = self._list.child
        # Of somebody who is there, a row may say little; blank cells never erase.
        self._list.partial = employee is not None
        serializer.instance = employee
        try:
            return dict(serializer.run_validation(body))
        except ValidationError as error:
            problems = flatten_errors(error.detail)
            row.errors.extend(
                Problem(one.code, one.detail, one.attr) for one in problems
            )
            return {}

    def _fill(self, plan: RowPlan, values: Mapping[str, Any]) -> None:
        employee = plan.employee
        if employee is None:
            plan.employee = services.new_employee(values, judge=self._judge)
            plan.after = snapshot(plan.employee, services.EMPLOYEE_FIELDS)
            plan.site_names = (None, _name(plan.employee.site))
            return
        old_site = employee.site
        plan.before, plan.after = services.change_employee(
            employee, values, judge=self._judge
        )
        plan.site_names = (_name(old_site), _name(employee.site))


def _name(site: Site | None) -> str | None:
    return site.site_name if site else None


def _look_at_employment(plan: RowPlan) -> None:
    """What the database will refuse, told before; and what an import does not do."""
    employee, row = plan.employee, plan.row
    assert employee is not None
    started, left = employee.started_on, employee.left_on
    if plan.after and started and left and left < started:
        rule = BROKEN_RULES["employees_left_after_start"]
        row.errors.append(Problem(rule.code, str(rule.detail), rule.field))
    if row.is_active is not None and row.is_active != employee.is_active:
        row.warnings.append(
            Problem(
                "activity_stays",
                _("An import neither activates nor deactivates anybody."),
                "is_active",
            )
        )


# Writing


class _Writer:
    """Writes what is planned, as many rows at once as the database takes; what it refuses becomes an error of the row."""

    def __init__(self, actor: Any, on_in_use: OnInUse) -> None:
        self._actor = actor
        self._on_in_use = on_in_use
        self._met = 0

    def write(self, plans: Sequence[RowPlan]) -> None:
        if any(_writes_unique(plan) for plan in plans):
            check_in_use_limit(self._actor.pk)
        for action, save in (("create", _create), ("update", _update)):
            planned = [plan for plan in plans if plan.action == action]
            for start in range(0, len(planned), BATCH):
                self._save(planned[start : start + BATCH], save)

    def _save(
        self, plans: Sequence[RowPlan], save: Callable[[Sequence[RowPlan]], None]
    ) -> None:
        """Write them all, or halve them until it is known which the database refuses."""
        try:
            with transaction.atomic():
                save(plans)
        except DatabaseError as error:
            refusal = refusal_of(error)
            if refusal is None:
                raise
            if not isinstance(refusal, Invalid):
                raise refusal from error
            if len(plans) == 1:
                self._refuse(plans[0], refusal)
                return
            middle = len(plans) // 2
            self._save(plans[:middle], save)
            self._save(plans[middle:], save)

    def _refuse(self, plan: RowPlan, refusal: Invalid) -> None:
        """Told as to whoever writes one employee alone, and counted as often."""
        if refusal.code == IN_USE_CODE:
            name = str(refusal.attr)
            self._on_in_use(name, str(plan.after.get(name) or ""))
            check_in_use_limit(self._actor.pk, met_now=self._met)
            self._met += 1
        plan.row.errors.extend(refusal.problems)


def _writes_unique(plan: RowPlan) -> bool:
    return not plan.row.errors and any(
        plan.after.get(name) for name in services.EMPLOYEE_UNIQUE
    )


def _create(plans: Sequence[RowPlan]) -> None:
    Employee.objects.bulk_create([plan.employee for plan in plans])


def _update(plans: Sequence[RowPlan]) -> None:
    changed: set[str] = set()
    now = timezone.now()
    for plan in plans:
        changed.update(plan.after)
        plan.employee.updated_at = now  # type: ignore[union-attr]
    Employee.objects.bulk_update(
        [plan.employee for plan in plans], [*sorted(changed), "updated_at"]
    )


# What is kept of it


def _record(done: Import, data: bytes, actor: Any) -> None:
    """One event for each employee, and one for the import."""
    events: list[AuditEvent] = []
    for plan in done.plans:
        if plan.action == "create" and plan.employee:
            events.append(services.creation_of(plan.employee, actor=actor))
        elif plan.action == "update" and plan.employee:
            events.append(
                services.event_of_employee(
                    "employee_updated",
                    plan.employee,
                    actor=actor,
                    before=plan.before,
                    after=plan.after,
                )
            )
    business = Business.objects.get(pk=get_current_business_id())
    events.append(
        event_of(
            "employees_imported",
            entity=business,
            actor=actor,
            summary=done.summary,
            sha256=hashlib.sha256(data).hexdigest(),
        )
    )
    record_many(events)


def _hash(data: bytes, plans: Sequence[RowPlan]) -> str:
    """Of the bytes of the file and of all that was said of its rows, in no language."""
    said = [
        [
            plan.row.number,
            plan.action,
            plain(plan.employee_id),
            plan.changes,
            [(one.code, one.attr) for one in plan.row.errors],
            [(one.code, one.attr) for one in plan.row.warnings],
        ]
        for plan in plans
    ]
    digest = hashlib.sha256(data)
    digest.update(json.dumps(said, sort_keys=True, default=str).encode())
    return digest.hexdigest()
