"""Helpers of the tests of unknown ids: queue, worker, platform events, traces."""

import re
import signal
from collections.abc import Callable
from typing import Any, NamedTuple

from django.core.management import call_command
from django_tasks_db.models import DBTaskResult

from audit import cross_business
from audit.models import AuditEvent
from businesses.tenancy.context import platform_scope
from tests.api_helpers import statements

WORKERS_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)


def queued() -> list[dict[str, Any]]:
    """Return the arguments of the queued tasks, oldest first."""
    tasks = DBTaskResult.objects.order_by("enqueued_at")
    return [task.args_kwargs["kwargs"] for task in tasks]


def run_worker() -> None:
    """Run the worker until the queue is empty.

    It needs committed data. The worker's signal handlers are removed afterwards.
    """
    handlers = {number: signal.getsignal(number) for number in WORKERS_SIGNALS}
    try:
        call_command(
            "db_worker", batch=True, interval=0, startup_delay=False, verbosity=0
        )
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def run_queued() -> None:
    """Run the queued tasks inside the test's transaction."""
    for arguments in queued():
        cross_business.look_up_attempt.func(**arguments)


def recorded() -> list[AuditEvent]:
    """Return the events that only the platform sees."""
    with platform_scope("looks at attempts"):
        return list(AuditEvent.objects.filter(platform_only=True))


class Trace(NamedTuple):
    """Everything about a request that a client can observe, and its SQL statements."""

    status: int
    content: bytes
    headers: list[str]
    sql: list[str]


def trace(act: Callable[[], Any]) -> Trace:
    answers: list[Any] = []
    sql = statements(lambda: answers.append(act()))
    (answer,) = answers
    shapes = [shape(statement) for statement in sql]
    return Trace(answer.status_code, answer.content, sorted(answer.headers), shapes)


def shape(sql: str) -> str:
    """Return a statement without its values and the numbers of its savepoints."""
    return re.sub(r"'[^']*'|\"s\d+_x\d+\"", "?", sql)
