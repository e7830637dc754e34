"""A Hypothesis state machine: random operations on two businesses, compared with a model of the visible rows.

The operations open, nest and leave scopes, also by an exception or a rollback. They call the API inside and outside of
scopes, query from other threads, read server-side cursors across a change of scope, and lose the connection. After each
step the scope in Python and in PostgreSQL is compared with the model, and so are the rows that the manager and plain
SQL return.
"""

import argparse
import contextvars
import copy
import random
import threading
import uuid
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import (
    DatabaseError,
    InterfaceError,
    connection,
    connections,
    transaction,
)
from django.test.utils import setup_test_environment, teardown_test_environment
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from rest_framework.test import APIClient

from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas, make_personas
from businesses.tenancy.context import platform_scope, unscoped
from businesses.tenancy.exceptions import NoActiveBusiness
from businesses.tests.samples import execute
from businesses.tests.scope_probe import NOWHERE, on_platform, state, within
from tests.scratch_database import migrate, scratch_database
from workforce.models import Employee

from .report import Report

# The employees of each business: id → name.
Rows = dict[uuid.UUID, dict[uuid.UUID, str]]
PLATFORM, UNSCOPED, SAVEPOINT = "platform", "unscoped", "savepoint"
SIDES = st.sampled_from([0, 1])


class Oops(Exception):
    """An error raised inside a block on purpose."""


@dataclass
class Frame:
    """An entered block with the rows from before it.

    `what` is a business, `PLATFORM`, `UNSCOPED` or `SAVEPOINT`.
    """

    what: Personas | str
    block: AbstractContextManager[Any]
    before: Rows
    cursors: list[tuple[uuid.UUID, Generator[Any, None, None]]] = field(
        default_factory=list
    )


def in_a_thread(
    work: Callable[[], Any], context: contextvars.Context | None = None
) -> Any:
    """Run `work` in a thread with a separate connection; return its result or the exception it raised."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(work())
        except Exception as error:  # noqa: BLE001  it is handed back
            outcome.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(
        target=run if context is None else context.run,
        args=() if context is None else (run,),
    )
    thread.start()
    thread.join()
    return outcome[0]


class TwoBusinesses(RuleBasedStateMachine):
    """The state machine. `rows` holds the rows visible to this connection, `committed` those visible to all."""

    sequences = steps = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).sequences += 1
        self.sides = [make_personas(f"B{uuid.uuid4().hex[:8]}") for _ in range(2)]
        self.clients: list[APIClient] = [client_of(side.admin) for side in self.sides]
        self.rows: Rows = {side.id: {} for side in self.sides}
        self.committed = copy.deepcopy(self.rows)
        self.frames: list[Frame] = []

    # The model

    @property
    def here(self) -> Personas | str | None:
        """Return the business in scope, `PLATFORM`, or None."""
        for frame in reversed(self.frames):
            if frame.what != SAVEPOINT:
                return None if frame.what == UNSCOPED else frame.what
        return None

    @property
    def own(self) -> dict[uuid.UUID, str]:
        assert isinstance(self.here, Personas)
        return self.rows[self.here.id]

    def _seen(self) -> set[uuid.UUID]:
        if isinstance(self.here, Personas):
            return set(self.own)
        everything = {pk for rows in self.rows.values() for pk in rows}
        return everything if self.here == PLATFORM else set()

    def _changed(self) -> None:
        if not self.frames:
            self.committed = copy.deepcopy(self.rows)

    # Scopes

    def _enter(self, what: Personas | str, block: AbstractContextManager[Any]) -> None:
        before = copy.deepcopy(self.rows)
        block.__enter__()
        self.frames.append(Frame(what, block, before))

    def _exit(self, error: Exception | None = None) -> Frame:
        """Leave the innermost frame and close its cursors; return the frame.

        The garbage collector would close a cursor in a later transaction and break that transaction.
        """
        frame = self.frames.pop()
        try:
            for _, reading in frame.cursors:
                reading.close()
        finally:
            kind = type(error) if error else None
            assert not frame.block.__exit__(kind, error, None)
        return frame

    @precondition(lambda self: len(self.frames) < 6)
    @rule(side=SIDES)
    def open_a_business(self, side: int) -> None:
        self._enter(self.sides[side], self.sides[side].scope())

    @precondition(lambda self: len(self.frames) < 6)
    @rule()
    def open_the_platform(self) -> None:
        self._enter(PLATFORM, platform_scope("looks at all"))

    @precondition(lambda self: self.here is not None and len(self.frames) < 6)
    @rule()
    def step_out_of_every_scope(self) -> None:
        self._enter(UNSCOPED, unscoped())

    @precondition(lambda self: len(self.frames) < 6)
    @rule()
    def set_a_savepoint(self) -> None:
        self._enter(SAVEPOINT, transaction.atomic())

    @precondition(lambda self: self.frames)
    @rule()
    def leave(self) -> None:
        self._exit()
        self._changed()

    @precondition(lambda self: self.frames)
    @rule()
    def leave_by_an_exception(self) -> None:
        before = self.frames[-1].before
        with suppress(Oops):
            self._exit(Oops())
        self.rows = before

    @precondition(lambda self: self.frames)
    @rule()
    def leave_and_roll_back(self) -> None:
        transaction.set_rollback(True)
        self.rows = self._exit().before

    @precondition(lambda self: self.frames)
    @rule(by_server=st.booleans())
    def lose_the_connection(self, by_server: bool) -> None:
        """Close the connection; uncommitted rows are lost and the next connection has no scope."""
        if by_server:
            (backend,) = execute("SELECT pg_backend_pid()")
            in_a_thread(lambda: execute("SELECT pg_terminate_backend(%s)", backend))
        else:
            connection.connection.close()
        with pytest.raises((DatabaseError, InterfaceError)):
            execute("SELECT 1")
        while self.frames:
            with suppress(Oops, DatabaseError, InterfaceError):
                self._exit(Oops())
        connection.close()
        self.rows = copy.deepcopy(self.committed)

    # Writing

    @rule(name=st.sampled_from(["Ada", "Ben", "Cleo"]))
    def hire(self, name: str) -> None:
        if isinstance(self.here, Personas):
            employee = Employee.objects.create(full_name=name)
            assert employee.business_id == self.here.id
            self.own[employee.pk] = name
            return
        with pytest.raises(NoActiveBusiness):
            Employee.objects.create(full_name=name)

    @rule(name=st.sampled_from(["Dan", "Eve"]), in_sql=st.booleans())
    def rename_all(self, name: str, in_sql: bool) -> None:
        """Rename all visible employees, through the manager or in SQL.

        Row-level security alone limits the SQL.
        """
        if isinstance(self.here, Personas):
            if in_sql:
                changed = execute("UPDATE employees SET full_name = %s", name)
            else:
                changed = Employee.objects.update(full_name=name)
            assert changed == len(self.own)
            self.rows[self.here.id] = dict.fromkeys(self.own, name)
        elif self.here == PLATFORM:
            with pytest.raises(DatabaseError), transaction.atomic():
                execute("UPDATE employees SET full_name = %s", name)
        else:
            assert execute("UPDATE employees SET full_name = %s", name) == 0

    @rule(side=SIDES)
    def smuggle(self, side: int) -> None:
        """Insert a row for a business that is not in scope.

        PostgreSQL must reject it, and the transaction must stay usable.
        """
        if self.here == self.sides[side]:
            return
        with (
            pytest.raises(DatabaseError, match=r"row-level security|permission denied"),
            transaction.atomic(),
        ):
            execute(
                "INSERT INTO employees (id, business_id, full_name, phone_number, is_active, created_at, updated_at) "
                "VALUES (gen_random_uuid(), %s, 'Smuggled', '', true, now(), now())",
                self.sides[side].id,
            )

    # The API, called in any scope. A request opens a nested scope.

    @rule(side=SIDES, name=st.sampled_from(["Fay", "Gus"]), is_refused=st.booleans())
    def hire_by_the_api(self, side: int, name: str, is_refused: bool) -> None:
        body: dict[str, Any] = {"full_name": name}
        if is_refused:
            body["no_such_field"] = 1
        answer = self.clients[side].post("/api/employees", body)
        assert answer.status_code == (400 if is_refused else 201), answer.content
        if not is_refused:
            self.rows[self.sides[side].id][uuid.UUID(answer.json()["id"])] = name
            self._changed()

    @rule(side=SIDES)
    def list_by_the_api(self, side: int) -> None:
        answer = self.clients[side].get("/api/employees?page_size=200").json()
        seen = {uuid.UUID(row["id"]): row["full_name"] for row in answer["results"]}
        assert seen == self.rows[self.sides[side].id]

    @rule(side=SIDES, pick=st.integers(0, 9))
    def ask_for_anothers(self, side: int, pick: int) -> None:
        others = sorted(self.rows[self.sides[1 - side].id])
        wanted = others[pick % len(others)] if others else uuid.uuid4()
        for method in ("get", "delete"):
            answer = getattr(self.clients[side], method)(f"/api/employees/{wanted}")
            assert answer.status_code == 404

    # Other threads

    @rule(side=SIDES)
    def another_thread_works(self, side: int) -> None:
        """Query from another thread, which sees the committed rows in its scope."""

        def work() -> set[uuid.UUID]:
            with self.sides[side].scope():
                return set(Employee.objects.values_list("pk", flat=True))

        assert in_a_thread(work) == set(self.committed[self.sides[side].id])

    @rule()
    def another_thread_believes_it_is_here(self) -> None:
        """Query from a thread with a copy of the context; its connection has no scope."""
        found = in_a_thread(
            lambda: list(Employee.objects.all()), contextvars.copy_context()
        )
        assert isinstance(found, NoActiveBusiness)
        assert in_a_thread(state, contextvars.copy_context()) == NOWHERE

    # Cursors that stay open on the server

    @precondition(lambda self: isinstance(self.here, Personas) and self.own)
    @rule()
    def begin_to_read(self) -> None:
        """Open a server-side cursor on the business's rows.

        Later reads, also in other scopes, must return rows of this business only.
        """
        business: Any = self.here
        rows = Employee.objects.iterator(chunk_size=1)
        assert next(rows).business_id == business.id
        self.frames[-1].cursors.append((business.id, rows))

    @precondition(lambda self: any(frame.cursors for frame in self.frames))
    @rule()
    def read_on(self) -> None:
        for frame in self.frames:
            for business_id, rows in frame.cursors:
                row = next(rows, None)
                assert row is None or row.business_id == business_id

    # Invariants

    @invariant()
    def everybody_agrees_where_we_are(self) -> None:
        type(self).steps += 1
        expected = NOWHERE
        if isinstance(self.here, Personas):
            expected = within(self.here)
        elif self.here == PLATFORM:
            expected = on_platform()
        assert state() == expected

    @invariant()
    def what_is_seen_is_what_the_model_says(self) -> None:
        ours = list(self.rows)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM employees WHERE business_id = ANY(%s)", [ours]
            )
            assert {pk for (pk,) in cursor.fetchall()} == self._seen()
        if self.here is None:
            with pytest.raises(NoActiveBusiness):
                Employee.objects.count()
        else:
            found = Employee.objects.filter(business_id__in=ours)
            assert set(found.values_list("pk", flat=True)) == self._seen()

    def teardown(self) -> None:
        while self.frames:
            self._exit()


def run(*, examples: int, steps: int, chance: int | None = None) -> int:
    """Run the state machine and return the number of steps taken.

    Without the seed `chance` the steps are always the same. Raises the failure that Hypothesis found.
    """
    TwoBusinesses.sequences = TwoBusinesses.steps = 0
    machine: Any = TwoBusinesses
    if chance is not None:
        machine = seed(chance)(TwoBusinesses)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=chance is None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
    return TwoBusinesses.steps


def prove(arguments: list[str]) -> Report:
    parser = argparse.ArgumentParser(prog="python -m isolation machine")
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(10**6)
    )
    given = parser.parse_args(arguments)
    setup_test_environment(debug=False)
    problems = []
    try:
        with scratch_database():
            migrate()
            try:
                run(examples=given.examples, steps=given.steps, chance=given.seed)
            except Exception as error:  # noqa: BLE001  it is reported
                problems.append(f"{type(error).__name__}: {error}")
    finally:
        teardown_test_environment()
    return Report(
        {
            "sequences": TwoBusinesses.sequences,
            "steps in all, each with what is seen compared": TwoBusinesses.steps,
            "seed": str(given.seed),
        },
        problems=problems,
    )
