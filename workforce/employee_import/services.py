"""Preview and apply an employee file. Both do the same work; the preview is rolled back.

The preview therefore also finds errors that only the write reveals, such as a passport that another business has. The
hash covers the file and the whole content of the preview. An apply with other effects is rejected.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit.models import AuditEvent
from audit.services import build_event, record_many, to_json
from automatehq.advisory_locks import transaction_lock
from automatehq.api.errors import Conflict, Invalid
from businesses.models import Business
from businesses.tenancy.context import get_current_business_id
from businesses.tenancy.pre_transaction import before_scope
from workforce import services

from .file_parsing import AUTOMATIC_CHOICES, Choices, ParsedTable, read_with_slot
from .import_plan import ACTIONS, RowPlan, plan_rows
from .row_values import person_rows
from .row_writer import OnInUse, RowWriter


@dataclass(frozen=True, slots=True)
class Import:
    """The planned or applied changes of an employee file."""

    hash: str
    plans: Sequence[RowPlan]
    table: ParsedTable

    @property
    def summary(self) -> dict[str, int]:
        counts = Counter(plan.action for plan in self.plans)
        return {action: counts[action] for action in ACTIONS}


def preview_import(
    *,
    data: bytes,
    actor: User,
    on_in_use: OnInUse,
    choices: Choices = AUTOMATIC_CHOICES,
) -> Import:
    """Return the changes that the file would make. The file is parsed before the request's transaction.

    Raises `Invalid` for an unreadable file, `TooMany` `too_many_imports`, `too_many_in_use`.
    """
    table = _read(data, choices, actor)
    with transaction.atomic():
        result = _run(data, table, actor, on_in_use)
        transaction.set_rollback(True)
    return result


def apply_import(
    *,
    data: bytes,
    hash: str,  # noqa: A002 -- what the API calls it
    actor: User,
    on_in_use: OnInUse,
    choices: Choices = AUTOMATIC_CHOICES,
    skip_errors: bool = False,
) -> Import:
    """Apply the changes of the preview with this hash; `skip_errors` leaves out rows with errors.

    Raises `Conflict` `preview_stale` if the changes or the reading of the file would now differ. Raises `Invalid`
    `rows_refused` if rows have errors. Both contain the current preview, and nothing is written. Also raises the
    errors of `preview_import`.
    """
    table = _read(data, choices, actor)
    with transaction.atomic():
        result = _run(data, table, actor, on_in_use)
        if result.hash != hash:
            raise Stale(result)
        if result.summary["error"] and not skip_errors:
            raise RowsInvalid(result)
        _record(result, data, actor)
    return result


class Stale(Conflict):
    """The changes would differ from those of the preview."""

    def __init__(self, result: Import) -> None:
        super().__init__(
            "preview_stale",
            _(
                "The file or your employees have changed since the preview. Check the new preview."
            ),
        )
        self.result = result


class RowsInvalid(Invalid):
    """Rows have errors, and `skip_errors` was not set."""

    def __init__(self, result: Import) -> None:
        super().__init__(
            "rows_refused",
            _("%d rows have errors. Correct them, or skip them.")
            % result.summary["error"],
            "file",
        )
        self.result = result


def _read(data: bytes, choices: Choices, actor: User) -> ParsedTable:
    table: ParsedTable = before_scope(
        partial(
            read_with_slot,
            data=data,
            choices=choices,
            person_id=actor.pk,
            business_id=get_current_business_id(),
        )
    )
    return table


def _run(data: bytes, table: ParsedTable, actor: User, on_in_use: OnInUse) -> Import:
    rows = list(person_rows(table))
    business_id = get_current_business_id()
    transaction_lock(f"employee-import:{business_id}")
    business = Business.objects.get(pk=business_id)
    plans = plan_rows(rows, business, has_names=table.has_names)
    RowWriter(actor, on_in_use).write(plans)
    return Import(_hash(data, table, plans), plans, table)


def _record(result: Import, data: bytes, actor: User) -> None:
    """Record one event for each employee, and one for the import."""
    events: list[AuditEvent] = []
    for plan in result.plans:
        if plan.action == "create" and plan.employee:
            events.append(services.build_creation_event(plan.employee, actor=actor))
        elif plan.action == "update" and plan.employee:
            events.append(
                services.build_employee_event(
                    "employee_updated",
                    plan.employee,
                    actor=actor,
                    before=plan.before,
                    after=plan.after,
                )
            )
    business = Business.objects.get(pk=get_current_business_id())
    events.append(
        build_event(
            "employees_imported",
            entity=business,
            actor=actor,
            summary=result.summary,
            sha256=hashlib.sha256(data).hexdigest(),
        )
    )
    record_many(events)


def _hash(data: bytes, table: ParsedTable, plans: Sequence[RowPlan]) -> str:
    """Return the hash of the file, its reading options and its row plans.

    The hash does not depend on the language of messages.
    """
    content: list[Any] = [[table.sheet, table.encoding, table.delimiter]]
    content += [
        [
            plan.row.number,
            plan.action,
            to_json(plan.employee_id),
            plan.changes,
            [(one.code, one.attr) for one in plan.row.errors],
            [(one.code, one.attr) for one in plan.row.warnings],
        ]
        for plan in plans
    ]
    digest = hashlib.sha256(data)
    digest.update(json.dumps(content, sort_keys=True, default=str).encode())
    return digest.hexdigest()
