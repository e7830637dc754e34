"""Helpers of API tests: first error, audit events, SQL statements, query counts."""

import uuid
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import AuditEvent
from businesses.tenancy.context import business_scope

# Statements that open, leave and restore a scope: one message each, independent of the queries inside.
_SCOPE = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO", "BEGIN", "COMMIT")


def problem(response: Any) -> tuple[int, str, str | None]:
    """Return status, code and field of the first error in a response."""
    error = response.json()["errors"][0]
    return response.status_code, error["code"], error["attr"]


def events(business_id: uuid.UUID, *event_types: str) -> list[AuditEvent]:
    """Return the audit events of a business, oldest first.

    With `event_types`, return only events of these types.
    """
    with business_scope(business_id):
        found = AuditEvent.objects.order_by("created_at", "id")
        if event_types:
            found = found.filter(event_type__in=event_types)
        return list(found)


def statements(act: Callable[[], Any]) -> list[str]:
    """Return the SQL statements that `act` sends, in order."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return [query["sql"] for query in captured.captured_queries]


def queries(act: Callable[[], Any]) -> int:
    """Return the number of queries of `act`, without statements about scopes."""
    return sum(
        not sql.startswith(_SCOPE) and "set_config" not in sql
        for sql in statements(act)
    )


def open_transactions() -> int:
    """Return the number of other sessions of this database with an open transaction. Needs real commits."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
            )
            return int(cursor.fetchone()[0])
    finally:
        other.close()
