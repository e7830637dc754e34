"""Tests of the limit on simultaneous password hashes."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import check_password, get_hasher, make_password
from django.db import connection, connections
from django.test import Client
from django.utils.module_loading import import_string
from rest_framework.test import APIClient

from accounts import password_hashing
from accounts.models import User
from accounts.tests.api_clients import client_of
from accounts.tests.factories import PASSWORD
from accounts.tests.personas import Personas
from audit.models import AuditEvent
from automatehq.api.errors import TooMany
from tests.admin_clients import admin_client_for
from tests.api_helpers import problem

GOOD = "four other random words"
NEW_USER = {
    "email": "new@example.com",
    "full_name": "New",
    "role": "VIEWER",
    "password": GOOD,
}


@pytest.fixture(autouse=True)
def _not_crowded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reset the state that an earlier test's timeout left."""
    monkeypatch.setattr(password_hashing, "_crowded_until", 0.0)


@pytest.fixture
def _short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password_hashing, "WAIT", 0.1)


@contextmanager
def no_place() -> Iterator[None]:
    """Occupy all slots."""
    for _ in range(settings.PASSWORD_HASHES_AT_ONCE):
        assert password_hashing._places.acquire(timeout=0)
    try:
        yield
    finally:
        for _ in range(settings.PASSWORD_HASHES_AT_ONCE):
            password_hashing._places.release()


def test_every_hasher_of_production_and_of_the_tests_is_limited() -> None:
    from automatehq import settings as production

    for path in (*production.PASSWORD_HASHERS, *settings.PASSWORD_HASHERS):
        assert issubclass(import_string(path), password_hashing.Limited), path


def test_hashes_are_read_and_written_as_djangos_are(settings: Any) -> None:
    settings.PASSWORD_HASHERS = [
        "accounts.password_hashing.Argon2Hasher",
        "accounts.password_hashing.PBKDF2Hasher",
    ]
    encoded = make_password("secret")
    assert encoded.startswith("argon2$argon2id$")
    assert check_password("secret", encoded)
    assert not check_password("wrong", encoded)
    old = get_hasher("pbkdf2_sha256").encode("secret", "saltsaltsaltsaltsaltsalt")
    assert check_password("secret", old)
    assert not check_password("wrong", old)


def test_no_more_than_the_setting_run_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(password_hashing, "WAIT", 30.0)
    running, most, lock = 0, 0, threading.Lock()

    def work(_: int) -> None:
        nonlocal running, most
        with (
            password_hashing.place(),
            password_hashing.place(),
        ):  # a nested call takes no second slot
            with lock:
                running += 1
                most = max(most, running)
            threading.Event().wait(0.01)
            with lock:
                running -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(24)))
    assert most == settings.PASSWORD_HASHES_AT_ONCE


def test_a_place_is_given_back_after_an_exception() -> None:
    for _ in range(settings.PASSWORD_HASHES_AT_ONCE + 1):
        with pytest.raises(KeyError), password_hashing.place():
            raise KeyError


def test_after_a_vain_wait_others_are_refused_at_once_for_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with no_place():
        waits = []
        for _ in range(2):
            before = time.monotonic()
            with pytest.raises(TooMany), password_hashing.place():
                pass
            waits.append(time.monotonic() - before)
    assert waits[0] >= password_hashing.WAIT > waits[1]
    with password_hashing.place():
        pass  # a free slot is still available
    monkeypatch.setattr(password_hashing, "_crowded_until", time.monotonic())
    with no_place():
        before = time.monotonic()
        with pytest.raises(TooMany), password_hashing.place():
            pass
        assert time.monotonic() - before >= password_hashing.WAIT


@pytest.mark.usefixtures("_short_wait")
@pytest.mark.django_db(transaction=True)
def test_sign_ins_without_a_place_are_429_and_alike_for_known_and_unknown_emails(
    acme: Personas,
) -> None:
    with no_place():
        answers = [
            APIClient().post("/api/auth/login", {"email": email, "password": PASSWORD})
            for email in (acme.admin.email, "nobody@example.com")
        ]
        page = Client().post(
            "/admin/login/", {"email": acme.admin.email, "password": PASSWORD}
        )
    for answer in answers:
        assert problem(answer) == (429, "too_many_at_once", None)
        assert answer["Retry-After"] == "2"
    assert answers[0].content == answers[1].content
    assert (page.status_code, page["Retry-After"]) == (429, "2")
    assert "Too many passwords are being checked at once" in page.content.decode()
    with acme.scope():
        assert not AuditEvent.objects.exists()


@pytest.mark.usefixtures("_short_wait")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("email", ["admin@acme.example.com", "nobody@example.com"])
def test_a_sign_in_waits_for_its_place_and_its_turn_without_a_transaction(
    acme: Personas, monkeypatch: pytest.MonkeyPatch, email: str
) -> None:
    waited: list[bool] = []
    monkeypatch.setattr(
        "accounts.login.time.sleep",
        lambda seconds: waited.append(connection.in_atomic_block),
    )
    monkeypatch.setattr("accounts.lockout.try_transaction_lock", lambda key: False)
    credentials = {"email": email, "password": PASSWORD}
    answer = APIClient().post("/api/auth/login", credentials)
    assert problem(answer) == (429, "too_many_at_once", None)
    assert waited
    assert not any(waited)


def _requests(acme: Personas) -> dict[str, Any]:
    """Return all requests of signed-in users that hash a password, by description."""
    api, page = client_of(acme.admin), admin_client_for(acme.admin)
    user = f"/api/users/{acme.viewer.pk}"
    form = {"full_name": "New", "role": "VIEWER", "new_password": GOOD}
    change = {
        "current_password": PASSWORD,
        "new_password": GOOD,
        "repeated": GOOD,
    }
    return {
        "create a user": lambda: api.post("/api/users", NEW_USER),
        "reset a password": lambda: api.patch(user, {"password": GOOD}),
        "create a user in the admin": lambda: page.send(
            "/admin/accounts/user/add/", form | {"email": "form@example.com"}
        ),
        "reset a password in the admin": lambda: page.send(
            f"/admin/accounts/user/{acme.viewer.pk}/change/",
            form | {"email": acme.viewer.email},
        ),
        "change one's password in the admin": lambda: admin_client_for(
            acme.reviewer
        ).send("/admin/password_change/", change),
        "change one's password": lambda: api.post(
            "/api/auth/password", {k: v for k, v in change.items() if k != "repeated"}
        ),
    }


@pytest.mark.django_db(transaction=True)
def test_signed_in_users_wait_for_a_place_before_their_transaction_begins(
    acme: Personas, super_admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request outside the pattern would take its slot inside the transaction."""
    taken: list[bool] = []
    acquire = password_hashing._places.acquire

    def watched(*args: Any, **kwargs: Any) -> bool:
        taken.append(connection.in_atomic_block)
        return acquire(*args, **kwargs)

    requests = _requests(acme)
    platform, console = client_of(super_admin), admin_client_for(super_admin)
    business = {"business_name": "New Firm", "business_code": "new-firm"}
    admin = {"email": "a@example.com", "full_name": "New", "password": GOOD}
    requests["create a business"] = lambda: platform.post(
        "/api/businesses", business | {"admin": admin}
    )
    requests["create a business in the admin"] = lambda: console.send(
        "/admin/businesses/business/add/",
        {
            "business_name": "Other Firm",
            "business_code": "other-firm",
            "month_cutoff_day": 5,
            "expected_cards_per_month": 1,
            "time_zone": "Asia/Jerusalem",
            "language": "en",
            "admin_email": "b@example.com",
            "admin_full_name": "New",
            "admin_password": GOOD,
        },
    )
    monkeypatch.setattr(password_hashing._places, "acquire", watched)
    for name, send in requests.items():
        taken.clear()
        answer = send()
        assert answer.status_code in (201, 204, 302) or (
            name == "reset a password" and answer.status_code == 200
        ), (name, answer.content)
        assert taken == [False], name


@pytest.mark.usefixtures("_short_wait")
@pytest.mark.django_db(transaction=True)
def test_signed_in_users_without_a_place_are_429_and_nothing_is_written(
    acme: Personas,
) -> None:
    requests = _requests(acme)
    with acme.scope():
        before = AuditEvent.objects.count()
    for name, send in requests.items():
        with no_place():
            answer = send()
        assert (answer.status_code, answer["Retry-After"]) == (429, "2"), name
    with acme.scope():
        assert User.objects.count() == 4
        assert AuditEvent.objects.count() == before


@pytest.mark.django_db(transaction=True)
def test_guesses_at_ones_own_password_at_once_are_counted_like_guesses_in_turn(
    acme: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(password_hashing, "WAIT", 30.0)
    client = client_of(acme.admin)
    header = client._credentials["HTTP_AUTHORIZATION"]

    def guess(_: int) -> str:
        try:
            answer = APIClient().post(
                "/api/auth/password",
                {"current_password": "wrong", "new_password": GOOD},
                HTTP_AUTHORIZATION=header,
            )
            return problem(answer)[1]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(guess, range(24)))
    codes += [guess(0) for _ in range(6)]
    assert codes.count("incorrect_password") == 5
    assert set(codes) <= {"incorrect_password", "too_many_attempts", "too_many_at_once"}
    with acme.scope():
        events = AuditEvent.objects.values_list("event_type", flat=True)
        assert sorted(events) == ["sign_in_failed"] * 5 + ["sign_in_locked"]
