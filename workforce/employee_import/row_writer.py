"""Writes planned rows; an error of the database becomes an error of its row."""

from collections.abc import Callable, Sequence

from django.db import DatabaseError, transaction

from accounts.models import User
from audit.cross_business import check_in_use_limit
from automatehq.api.errors import (
    IN_USE_CODE,
    AlreadyInUse,
    Invalid,
    error_from_database,
)
from workforce import services
from workforce.models import Employee

from .import_plan import RowPlan

# Rows in one statement.
BATCH = 500
# Called with the field and the value that is already in use.
OnInUse = Callable[[str, str], None]


class RowWriter:
    """Writes planned rows in batches; an error of the database becomes an error of its row."""

    def __init__(self, actor: User, on_in_use: OnInUse) -> None:
        self._actor = actor
        self._on_in_use = on_in_use
        self._in_use_count = 0

    def write(self, plans: Sequence[RowPlan]) -> None:
        if any(_writes_unique(plan) for plan in plans):
            check_in_use_limit(self._actor.pk)
        self._reject_in_use([plan for plan in plans if _writes_unique(plan)])
        for action, save in (("create", _create), ("update", _update)):
            planned = [plan for plan in plans if plan.action == action]
            for start in range(0, len(planned), BATCH):
                self._save(planned[start : start + BATCH], save)

    def _reject_in_use(self, plans: Sequence[RowPlan]) -> None:
        """Reject rows with a value that another employee has, unless a row of the file releases it.

        The unique indexes would reject them too, but PostgreSQL logs a failed statement with the values of all its
        rows.
        """
        in_use = services.find_values_in_use([plan.after for plan in plans])
        for name in services.EMPLOYEE_UNIQUE:
            in_use[name] -= {
                plan.before.get(name) for plan in plans if name in plan.after
            }
        for plan in plans:
            for name in services.EMPLOYEE_UNIQUE:
                value = plan.after.get(name)
                if value in in_use[name]:
                    self._add_error(
                        plan, AlreadyInUse("workforce.employee", name, value)
                    )
                    break

    def _save(
        self, plans: Sequence[RowPlan], save: Callable[[Sequence[RowPlan]], None]
    ) -> None:
        """Save all rows; on an error save each half alone, until the rejected rows are found."""
        try:
            with transaction.atomic():
                save(plans)
        except DatabaseError as error:
            service_error = error_from_database(error)
            if service_error is None:
                raise
            if not isinstance(service_error, Invalid):
                raise service_error from error
            if len(plans) == 1:
                self._add_error(plans[0], service_error)
                return
            middle = len(plans) // 2
            self._save(plans[:middle], save)
            self._save(plans[middle:], save)

    def _add_error(self, plan: RowPlan, service_error: Invalid) -> None:
        """Add the error to the row.

        A value in use is reported and counted like in the edit of a single employee.
        """
        if service_error.code == IN_USE_CODE:
            name = str(service_error.attr)
            self._on_in_use(name, str(plan.after.get(name) or ""))
            check_in_use_limit(self._actor.pk, in_use_count=self._in_use_count)
            self._in_use_count += 1
        plan.row.errors.extend(service_error.problems)


def _writes_unique(plan: RowPlan) -> bool:
    return not plan.row.errors and any(
        plan.after.get(name) for name in services.EMPLOYEE_UNIQUE
    )


def _create(plans: Sequence[RowPlan]) -> None:
    Employee.objects.bulk_create([plan.employee for plan in plans])


def _update(plans: Sequence[RowPlan]) -> None:
    changed = {name for plan in plans for name in plan.after}
    # An upsert of existing, locked rows: `bulk_update` takes ten times as long.
    Employee.objects.bulk_create(
        [plan.employee for plan in plans],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=[*sorted(changed), "updated_at"],
    )
