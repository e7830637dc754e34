"""503 while the database is unavailable or read-only.

The tests cover every endpoint and every moment of a request.
"""

from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.utils import DatabaseError
from django.test import Client
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult
from rest_framework.response import Response
from rest_framework.test import APIClient

from accounts import auth_views, login
from accounts.models import User
from accounts.tests.api_clients import client_of, token_of
from accounts.tests.factories import PASSWORD
from accounts.tests.personas import Personas
from audit import cross_business
from audit.cross_business import look_up_attempt
from automatehq.api.errors import (
    SQLSTATES,
    Conflict,
    Unavailable,
    error_from_database,
    outage_of,
)
from automatehq.outages import sentence_of, takes_writes
from automatehq.worker import MAX_TRIES, TaskWorker
from businesses.tenancy import middleware
from tests.admin_clients import admin_client_for
from tests.api_helpers import problem

# An SQLSTATE of each line of the table that is an outage.
AWAY = ["08006", "08P01", "53300", "53100", "57P01", "57P02", "57P03", "57P05", "25P03"]
READ_ONLY = "25006"


def fail_with(state: str) -> None:
    """Make the database report an error with this SQLSTATE."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{state}'; END $$"
        )


def error_with(state: str) -> DatabaseError:
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        fail_with(state)
    return caught.value


def lose_connection() -> None:
    """End the server's side of this connection, as a restart does.

    The next statement fails.
    """
    assert connection.connection is not None
    pid = connection.connection.info.backend_pid
    other = psycopg2.connect(
        connection.connection.dsn, password=connection.settings_dict["PASSWORD"]
    )
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    finally:
        other.close()


def check_unavailable(answer: Any, code: str = "database_unavailable") -> None:
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    if answer["Content-Type"] == "application/json":
        assert answer.json()["type"] == "server_error"
        assert problem(answer) == (503, code, None)
    else:
        assert "Not available right now" in answer.content.decode()


# The table


@pytest.mark.parametrize("state", AWAY)
def test_an_absent_database_is_an_outage(db: None, state: str) -> None:
    error = error_with(state)
    outage = outage_of(error)
    assert outage is not None
    assert outage.code == "database_unavailable"
    assert (
        error_from_database(error) is None
    )  # no form shows it, since a page needs the database


def test_a_read_only_database_is_one_as_well(db: None) -> None:
    outage = outage_of(error_with(READ_ONLY))
    assert outage is not None
    assert outage.code == "database_read_only"


@pytest.mark.parametrize("state", ["40001", "40P01", "55P03"])
def test_a_transaction_that_conflicts_is_busy(db: None, state: str) -> None:
    error = error_with(state)
    assert outage_of(error) is None
    assert isinstance(error_from_database(error), Conflict)


@pytest.mark.parametrize("state", ["42P01", "42501", "22012", "XX000", "57014"])
def test_errors_of_the_program_are_no_outage(db: None, state: str) -> None:
    assert outage_of(error_with(state)) is None


def test_every_outage_of_the_table_is_tried_here() -> None:
    outages = {state for state, (kind, *_) in SQLSTATES.items() if kind is Unavailable}
    tried = {*AWAY, READ_ONLY}
    assert outages <= tried | {state[:2] for state in tried}


def test_an_error_that_an_outage_led_to_is_one() -> None:
    lost = OperationalError("server closed the connection unexpectedly")
    lost.__cause__ = psycopg2.OperationalError()
    led_to = KeyError("in a handler")
    led_to.__context__ = lost
    assert outage_of(led_to) is not None
    assert outage_of(KeyError()) is None
    closed = InterfaceError("connection already closed")
    assert outage_of(closed) is not None
    assert outage_of(InterfaceError("cursor already closed")) is None


# Moments of a request


def _api(acme: Personas) -> Callable[[], Any]:
    client = client_of(acme.admin)
    client.raise_request_exception = False
    return lambda: client.get("/api/auth/me")


def _page(acme: Personas) -> Callable[[], Any]:
    client = admin_client_for(acme.admin)
    client.raise_request_exception = False
    return lambda: client.get("/admin/")


ENDPOINTS = {"API": _api, "admin": _page}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("state", [*AWAY, READ_ONLY])
def test_an_outage_when_the_scope_is_opened_is_503(
    acme: Personas, monkeypatch: pytest.MonkeyPatch, endpoint: str, state: str
) -> None:
    ask = ENDPOINTS[endpoint](acme)
    monkeypatch.setattr(middleware, "scope_for", lambda credentials: fail_with(state))
    code = "database_read_only" if state == READ_ONLY else "database_unavailable"
    check_unavailable(ask(), code)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.django_db(transaction=True)
def test_a_connection_lost_in_a_request_is_503_and_the_next_request_is_served(
    acme: Personas, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    ask = ENDPOINTS[endpoint](acme)
    assert ask().status_code == 200
    with monkeypatch.context() as patch:

        def losing(credentials: Any, *joined: str) -> User:
            lose_connection()
            return found(credentials, *joined)

        from accounts import authentication

        found = authentication.load_user
        patch.setattr(authentication, "load_user", losing)
        check_unavailable(ask())
    assert ask().status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_connection_lost_before_commit_is_503(
    acme: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = _api(acme)

    def get(self: Any, request: Any) -> Response:
        lose_connection()
        return Response({"saved": True})

    monkeypatch.setattr(auth_views.MeView, "get", get)
    check_unavailable(ask())


@pytest.mark.django_db(transaction=True)
def test_a_connection_lost_after_the_scope_is_503(
    acme: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = _api(acme)

    def get(self: Any, request: Any) -> Response:
        middleware.on_scope_exit(lambda: fail_with("57P01"))
        return Response({})

    monkeypatch.setattr(auth_views.MeView, "get", get)
    check_unavailable(ask())


@pytest.mark.parametrize("path", ["/api/auth/login", "/admin/login/"])
@pytest.mark.django_db(transaction=True)
def test_a_connection_lost_at_sign_in_is_503_and_counts_no_failure(
    acme: Personas, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    client = APIClient() if path.startswith("/api") else Client()
    client.raise_request_exception = False
    credentials = {"email": acme.admin.email, "password": PASSWORD}

    def losing(email: str) -> Any:
        lose_connection()
        return look_up(email)

    look_up = login.find_account
    with monkeypatch.context() as patch:
        patch.setattr(login, "find_account", losing)
        check_unavailable(client.post(path, credentials))
    assert client.post(path, credentials).status_code in (200, 302)


@pytest.mark.parametrize("path", ["/api/auth/login", "/admin/login/"])
@pytest.mark.django_db(transaction=True)
def test_a_sign_in_on_a_read_only_database_is_503(acme: Personas, path: str) -> None:
    client = APIClient() if path.startswith("/api") else Client()
    client.raise_request_exception = False
    credentials = {"email": acme.admin.email, "password": PASSWORD}
    token = token_of(acme.admin)
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    try:
        assert not takes_writes()
        check_unavailable(client.post(path, credentials), "database_read_only")
        check_unavailable(
            client.post(path, credentials | {"password": "wrong"}), "database_read_only"
        )
        reader = APIClient()
        reader.raise_request_exception = False
        reader.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        assert reader.get("/api/employees").status_code == 200
        written = reader.post("/api/employees", {"full_name": "New"})
        check_unavailable(written, "database_read_only")
    finally:
        connection.close()
    assert takes_writes()


def test_the_page_is_in_the_browsers_language(
    acme: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = admin_client_for(acme.admin)
    client.raise_request_exception = False
    monkeypatch.setattr(middleware, "scope_for", lambda credentials: fail_with("57P01"))
    page = client.get("/admin/", headers={"Accept-Language": "he"}).content.decode()
    assert 'dir="rtl"' in page
    assert "Not available" not in page


def test_another_error_is_still_500(
    acme: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = _page(acme)
    monkeypatch.setattr(middleware, "scope_for", lambda credentials: fail_with("42P01"))
    assert ask().status_code == 500


def test_a_command_reports_an_outage_in_a_sentence(db: None) -> None:
    sentence = sentence_of(error_with("57P03"))
    assert sentence is not None
    assert sentence.startswith("The database is not available: x\n")
    assert sentence_of(error_with("42P01")) is None


# A worker


def begun(worker_id: str, *, tries: int) -> Any:
    """Return a look-up that a worker has claimed, for the last of its tries."""
    look_up_attempt.enqueue(
        kind="unknown_id",
        model="workforce.employee",
        field="id",
        value="x",
        user_id=worker_id,
        business_id=None,
    )
    row = DBTaskResult.objects.get()
    for _ in range(tries):
        row.claim(worker_id)
    return row


def worker_called(worker_id: str) -> TaskWorker:
    return TaskWorker(
        queue_names=["default"],
        interval=0,
        batch=True,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id=worker_id,
        excluded_queue_names=[],
    )


@pytest.fixture
def _outage_in_task(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    error = error_with("57P01")

    def fail(*args: Any) -> None:
        raise error

    monkeypatch.setattr(cross_business, "_find", fail)


@pytest.mark.usefixtures("_outage_in_task")
def test_a_task_that_meets_an_outage_is_made_ready_again() -> None:
    worker, row = worker_called("a"), begun("a", tries=1)
    with pytest.raises(OperationalError) as caught:
        worker.run_task(row)
    row.refresh_from_db()
    assert row.status == TaskResultStatus.RUNNING
    worker_called("b").recover(caught.value)  # the error of another worker's task
    row.refresh_from_db()
    assert row.status == TaskResultStatus.RUNNING
    worker.recover(caught.value)
    row.refresh_from_db()
    assert row.status == TaskResultStatus.READY


@pytest.mark.usefixtures("_outage_in_task")
def test_a_task_that_meets_an_outage_each_time_fails_in_the_end() -> None:
    row = begun("a", tries=MAX_TRIES)
    worker_called("a").run_task(row)
    row.refresh_from_db()
    assert row.status == TaskResultStatus.FAILED


def test_a_task_that_fails_otherwise_fails_at_once(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cross_business, "_find", lambda *args: 1 / 0)
    row = begun("a", tries=1)
    worker_called("a").run_task(row)
    row.refresh_from_db()
    assert row.status == TaskResultStatus.FAILED
    assert "ZeroDivisionError" in row.traceback


def test_an_error_of_the_program_after_an_outage_ends_the_worker(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = worker_called("a")

    @transaction.atomic
    def fail_to_claim() -> None:
        fail_with("57P01")

    @transaction.atomic
    def fail_to_requeue() -> None:
        worker.running = False  # a worker that retries ends without the error
        fail_with("42P01")

    monkeypatch.setattr(worker, "claim_task", fail_to_claim)
    monkeypatch.setattr(worker, "_requeue_own", fail_to_requeue)
    with pytest.raises(DatabaseError) as caught:
        worker.run()
    assert outage_of(caught.value) is None
