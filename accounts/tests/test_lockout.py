"""Tests of the limits of failed sign-ins."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, connections
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.lockout import FAILURES_AN_ADDRESS
from accounts.models import User
from accounts.services import deactivate_user
from accounts.tests.factories import PASSWORD
from accounts.tests.personas import Personas
from audit.models import AuditEvent
from businesses.models import PLATFORM_ID
from businesses.tenancy import rate_limits
from businesses.tenancy.context import business_scope

EMAIL = "admin@acme.example.com"
ADDRESS = "203.0.113.7"


def status_of(email: str, password: str = "wrong", **extra: Any) -> int:
    extra.setdefault("REMOTE_ADDR", ADDRESS)
    return ask(email, password, **extra).status_code


def ask(email: str, password: str = "wrong", **extra: Any) -> Any:
    body = {"email": email, "password": password}
    return APIClient().post("/api/auth/login", body, **extra)


def fail(times: int, email: str = EMAIL, **extra: Any) -> None:
    for _ in range(times):
        assert status_of(email, **extra) == 401


def kinds(business_id: Any) -> list[str]:
    with business_scope(business_id):
        events = AuditEvent.objects.order_by("created_at", "id")
        return list(events.values_list("event_type", flat=True))


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


def test_five_failures_lock_the_email_at_that_address(
    acme: Personas, clock: Any
) -> None:
    fail(5)
    response = ask(EMAIL, PASSWORD, REMOTE_ADDR=ADDRESS)
    assert response.status_code == 429
    assert response["Retry-After"] == "900"
    assert response.json()["errors"][0]["code"] == "too_many_attempts"
    assert status_of(EMAIL, PASSWORD, REMOTE_ADDR="203.0.113.8") == 200
    assert status_of("viewer@acme.example.com", PASSWORD) == 200


def test_the_lock_ends_15_minutes_after_the_last_failure(
    acme: Personas, clock: Any
) -> None:
    fail(5)
    clock.shift(timedelta(minutes=14))
    assert status_of(EMAIL, PASSWORD) == 429  # and the 15 minutes do not start again
    assert ask(EMAIL, REMOTE_ADDR=ADDRESS)["Retry-After"] == "60"
    clock.shift(timedelta(minutes=1, seconds=1))
    assert status_of(EMAIL, PASSWORD) == 200


def test_the_right_password_forgets_the_failures(acme: Personas) -> None:
    for _ in range(3):
        fail(4)
        assert status_of(EMAIL, PASSWORD) == 200


def test_a_locked_email_answers_the_same_whether_anybody_has_it(
    acme: Personas, clock: Any
) -> None:
    fail(5)
    fail(5, "nobody@example.com")
    known = ask(EMAIL, PASSWORD, REMOTE_ADDR=ADDRESS)
    unknown = ask("nobody@example.com", PASSWORD, REMOTE_ADDR=ADDRESS)
    assert known.status_code == unknown.status_code == 429
    assert known.content == unknown.content
    assert known["Retry-After"] == unknown["Retry-After"]


def test_every_failure_and_the_lock_stand_in_the_trail(acme: Personas) -> None:
    fail(5)
    assert [status_of(EMAIL) for _ in range(3)] == [429] * 3
    assert kinds(acme.id) == ["sign_in_failed"] * 5 + ["sign_in_locked"]
    fail(5, "nobody@example.com")
    assert kinds(PLATFORM_ID) == ["sign_in_failed"] * 5 + ["sign_in_locked"]


def test_a_case_or_a_browser_of_its_own_gives_no_more_guesses(acme: Personas) -> None:
    for browser in range(5):
        fail(1, EMAIL.upper(), HTTP_USER_AGENT=f"Browser {browser}")
    assert status_of(EMAIL, PASSWORD, HTTP_USER_AGENT="Another") == 429


def test_a_header_that_no_proxy_of_ours_wrote_gives_no_more_guesses(
    acme: Personas,
) -> None:
    for number in range(5):
        fail(1, HTTP_X_FORWARDED_FOR=f"198.51.100.{number}")
    assert status_of(EMAIL, PASSWORD, HTTP_X_FORWARDED_FOR="198.51.100.9") == 429


def test_behind_a_trusted_proxy_the_client_is_counted(
    acme: Personas, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = 1
    for number in range(5):  # the client can forge the addresses further left
        fail(1, HTTP_X_FORWARDED_FOR=f"192.0.2.{number}, 198.51.100.1")
    assert status_of(EMAIL, PASSWORD, HTTP_X_FORWARDED_FOR="198.51.100.1") == 429
    assert status_of(EMAIL, PASSWORD, HTTP_X_FORWARDED_FOR="198.51.100.2") == 200


def test_right_passwords_of_an_inactive_user_count_too(acme: Personas) -> None:
    with acme.scope():
        deactivate_user(user_id=acme.viewer.pk, actor=None)
    email = acme.viewer.email or ""
    assert [status_of(email, PASSWORD) for _ in range(6)] == [403] * 5 + [429]


def test_fifty_failures_lock_the_address(acme: Personas, clock: Any) -> None:
    for number in range(FAILURES_AN_ADDRESS):
        fail(1, f"{number}@example.com")
    response = ask(EMAIL, PASSWORD, REMOTE_ADDR=ADDRESS)
    assert response.status_code == 429
    assert response["Retry-After"] == "900"
    assert status_of(EMAIL, PASSWORD, REMOTE_ADDR="203.0.113.8") == 200
    assert kinds(PLATFORM_ID).count("sign_in_locked") == 1
    clock.shift(timedelta(minutes=15, seconds=1))
    assert status_of(EMAIL, PASSWORD) == 200


def test_signing_in_does_not_forgive_an_address_its_other_failures(
    acme: Personas,
) -> None:
    rate_limits.increment(f"sign-in-failures:{ADDRESS}", seconds=900)
    assert status_of(EMAIL, PASSWORD) == 200
    assert rate_limits.get_count(f"sign-in-failures:{ADDRESS}").count == 1


def test_an_ipv6_network_counts_as_one_address_and_mapped_ipv4_does_not(
    acme: Personas,
) -> None:
    for number in range(2):
        fail(1, f"{number}@example.com", REMOTE_ADDR=f"2001:db8:0:1::{number + 1}")
        fail(1, f"{number}@example.com", REMOTE_ADDR=f"::ffff:203.0.113.{number}")
    assert rate_limits.get_count("sign-in-failures:2001:db8:0:1::/64").count == 2
    assert rate_limits.get_count("sign-in-failures:203.0.113.0").count == 1


def test_requests_over_a_socket_are_counted_together(acme: Personas) -> None:
    fail(5, REMOTE_ADDR="")
    assert status_of(EMAIL, PASSWORD, REMOTE_ADDR="") == 429


@pytest.mark.django_db(transaction=True)
def test_guesses_at_once_are_counted_like_guesses_in_turn(
    acme: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine a guess would otherwise give up its wait for the one before.
    monkeypatch.setattr("accounts.password_hashing.WAIT", 60.0)

    def guess(_: int) -> int:
        try:
            return status_of(EMAIL)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(guess, range(12)))
    assert answers == [401] * 5 + [429] * 7


@pytest.mark.django_db(transaction=True)
def test_counts_at_once_lose_none_and_work_in_a_scope(acme: Personas) -> None:
    def add(_: int) -> None:
        try:
            with acme.scope():
                rate_limits.increment("at-once", seconds=60)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(add, range(12)))
    assert rate_limits.get_count("at-once").count == 12
    with acme.scope():
        assert rate_limits.get_count("at-once").count == 12
        assert User.objects.count() == 4  # the scope is unchanged
    connection.close()


def test_a_count_ends_when_its_first_event_is_old(db: None, clock: Any) -> None:
    rate_limits.increment("old", seconds=60)
    clock.shift(timedelta(seconds=50))
    assert rate_limits.increment("old", seconds=60) == rate_limits.WindowCount(2, 10.0)
    clock.shift(timedelta(seconds=11))
    assert rate_limits.get_count("old") == rate_limits.WindowCount()
    assert rate_limits.increment("old", seconds=60).count == 1
