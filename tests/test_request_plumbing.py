"""Middleware of every request: its id, the client's address, logs, health."""

import json
import logging
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.test import Client, RequestFactory

from automatehq import health
from automatehq.client_ip import get_client_ip
from automatehq.json_logging import JsonFormatter
from automatehq.middleware.request_id import (
    RequestIdMiddleware,
    current_request_id,
)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "198.51.100.9", "203.0.113.7"),
        (1, None, "203.0.113.7"),
        (1, "198.51.100.9", "198.51.100.9"),
        (1, "192.0.2.66, 198.51.100.9", "198.51.100.9"),
        (2, "192.0.2.66, 198.51.100.9, 10.0.0.1", "198.51.100.9"),
        (2, "198.51.100.9", "203.0.113.7"),
        (1, "unknown", "203.0.113.7"),
        (1, "198.51.100.9:4711", "198.51.100.9"),
        (1, "[2001:db8::1]:4711", "2001:db8::1"),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_only_what_our_own_proxies_wrote_is_believed(
    proxies: int, forwarded: str | None, address: str, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = proxies
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.7", **headers)
    assert get_client_ip(request) == address


def test_a_request_over_a_socket_has_no_address() -> None:
    assert get_client_ip(RequestFactory().get("/", REMOTE_ADDR="")) is None


@pytest.mark.parametrize(
    ("sent", "is_kept"),
    [
        ("abcdefgh", True),
        ("0195f1c2-7b6a-7000-8000-000000000001", True),
        ("short", False),
        ("x" * 65, False),
        ('abcdefgh"', False),
        ("abcdefgh\n", False),
        ("", False),
    ],
)
def test_a_plain_request_id_is_kept_and_any_other_replaced(
    sent: str, is_kept: bool
) -> None:
    seen = []

    def view(request: Any) -> HttpResponse:
        seen.append(current_request_id())
        return HttpResponse()

    request = RequestFactory().get("/", HTTP_X_REQUEST_ID=sent)
    response = RequestIdMiddleware(view)(request)
    assert response["X-Request-ID"] == seen[0]
    assert (seen[0] == sent) is is_kept
    assert len(seen[0]) >= 8
    assert current_request_id() is None


def test_a_log_line_is_json_with_the_request_but_not_its_query() -> None:
    lines = []

    def view(request: Any) -> HttpResponse:
        try:
            raise ValueError("line\nbreak")
        except ValueError:
            record = logging.getLogger("x").makeRecord(
                "x",
                logging.ERROR,
                __file__,
                1,
                "Failed %s",
                ("it\n",),
                sys.exc_info(),
                extra={"request": request, "status_code": 500, "odd": object()},
            )
        lines.append(JsonFormatter().format(record))
        return HttpResponse()

    request = RequestFactory().get(
        "/api/employees?passport_id=AB12345", HTTP_X_REQUEST_ID="abcdefgh"
    )
    RequestIdMiddleware(view)(request)
    assert "\n" not in lines[0]
    assert "AB12345" not in lines[0]
    logged = json.loads(lines[0])
    assert logged["event"] == "Failed it\n"
    assert logged["level"] == "error"
    assert logged["logger"] == "x"
    assert logged["request_id"] == "abcdefgh"
    assert (logged["method"], logged["path"]) == ("GET", "/api/employees")
    assert logged["status_code"] == 500
    assert "ValueError: line" in logged["exception"]
    assert logged["timestamp"].endswith("Z")


def test_healthz_answers_without_the_database(client: Client) -> None:
    response = client.get("/healthz")
    assert response.json() == {"status": "ok"}
    assert "no-store" in response["Cache-Control"]


@pytest.fixture
def _unremembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health._Migrations, "_were_applied", False)


@pytest.mark.usefixtures("_unremembered")
def test_readyz_is_200_when_all_is_well(client: Client, db: None) -> None:
    assert client.get("/readyz").json() == {"status": "ready"}


@pytest.mark.usefixtures("_unremembered")
def test_readyz_is_503_while_migrations_are_missing(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "automatehq.health.MigrationExecutor.migration_plan", lambda *args: ["one"]
    )
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"status": "migrations are missing"}


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_readyz_is_503_without_a_database_and_does_not_say_why(
    client: Client, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fail() -> None:
        raise error("connection to server at 10.0.0.5 failed")

    monkeypatch.setattr(health, "connection", SimpleNamespace(cursor=fail))
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "10.0.0.5" not in response.content.decode()


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", "/api/schema/"])
def test_a_path_that_is_no_route_is_json_404_under_api(
    client: Client, db: None, path: str
) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.json()["errors"][0]["code"] == "not_found"
