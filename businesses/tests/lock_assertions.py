"""Context managers that disable layers of isolation.

Tests use them to show that each layer works alone.

    with opened("manager", "row_security"): …      these two are disabled
    with only("composite_keys"): …                 all but this one are disabled

All writes in the block are rolled back at its end, together with the changes to the
database. So the test must run in one transaction (the fixture `db`), and assert before
the block ends.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Literal
from unittest.mock import patch

from django.core.exceptions import FullResultSet
from django.db import connection, transaction

from businesses.tenancy import managers
from businesses.tenancy.constraints import TenantForeignKeyConstraint
from businesses.tenancy.context import unscoped
from businesses.tenancy.database_roles import quote_identifier
from businesses.tenancy.grants import declarations, tenant_models
from businesses.tenancy.managers import CurrentBusinessLookup, RequireScope
from businesses.tenancy.models import TenantModel

Lock = Literal["manager", "row_security", "composite_keys"]
LOCKS: tuple[Lock, ...] = ("manager", "row_security", "composite_keys")


@contextmanager
def opened(*locks: Lock) -> Iterator[None]:
    """Disable these layers until the block ends, which rolls back its writes."""
    with transaction.atomic(), ExitStack() as stack:
        for lock in locks:
            stack.enter_context(_OPENERS[lock]())
        yield
        transaction.set_rollback(True)


@contextmanager
def only(lock: Lock) -> Iterator[None]:
    """Disable all layers except this one."""
    with opened(*(other for other in LOCKS if other != lock)):
        yield


@contextmanager
def _open_manager() -> Iterator[None]:
    """Disable the filter of the managers and the check of the models' business."""

    def everything(*args: Any) -> Any:
        raise FullResultSet

    def enter_business(row: TenantModel, business_id: Any) -> None:
        if row.business_id is None:
            row.business_id = business_id

    with (
        patch.object(CurrentBusinessLookup, "as_sql", everything),
        patch.object(RequireScope, "as_sql", everything),
        patch.object(TenantModel, "enter_business", enter_business),
        patch.object(managers, "_reject_business_change", lambda fields: None),
    ):
        yield


@contextmanager
def _open_row_security() -> Iterator[None]:
    """Disable row-level security on all tables."""
    with unscoped(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, declaration in declarations().items():
            if declaration.policies:
                cursor.execute(
                    f"ALTER TABLE {quote_identifier(table)} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY"
                )
    yield


@contextmanager
def _open_composite_keys() -> Iterator[None]:
    """Replace composite keys by simple keys, which do not check the business."""
    with unscoped(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for model in tenant_models():
            for constraint in model._meta.constraints:
                if isinstance(constraint, TenantForeignKeyConstraint):
                    cursor.execute(
                        f"ALTER TABLE {quote_identifier(model._meta.db_table)} DROP CONSTRAINT {quote_identifier(constraint.name)}"
                    )
    yield


_OPENERS: dict[Lock, Callable[[], Any]] = {
    "manager": _open_manager,
    "row_security": _open_row_security,
    "composite_keys": _open_composite_keys,
}
