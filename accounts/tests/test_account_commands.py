"""Tests of seed, createsuperuser and changepassword, and of their scopes."""

from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command, get_commands
from django.db import connections
from rest_framework.test import APIClient

from accounts.credentials import password_matches
from accounts.management.prompts import PASSWORD_VARIABLE
from accounts.models import User
from accounts.roles import Role
from accounts.tests.factories import PASSWORD
from accounts.tests.personas import Personas
from accounts.token_sessions import start_sign_in
from businesses.models import DEFAULT_BUSINESS_ID, PLATFORM_ID, Business
from businesses.tenancy.context import business_scope, platform_scope
from tests.api_helpers import events

GOOD = "four other random words"


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def users_of(business_id: Any) -> dict[str, User]:
    with business_scope(business_id):
        return {str(user.email): user for user in User.objects.all()}


@pytest.fixture
def _environment(settings: Any) -> None:
    settings.ADMIN_EMAIL = "First@mizhav.example.com"
    settings.ADMIN_PASSWORD = GOOD
    settings.SUPERADMIN_EMAIL = "super@platform.example.com"
    settings.SUPERADMIN_PASSWORD = GOOD


@pytest.mark.parametrize("name", ["createsuperuser", "changepassword", "seed"])
def test_the_commands_are_ours_and_not_djangos(name: str) -> None:
    assert get_commands()[name] == "accounts"


# seed


@pytest.mark.usefixtures("_environment")
def test_seed_makes_who_can_sign_in_first(db: None) -> None:
    output = run("seed")
    (admin,) = users_of(DEFAULT_BUSINESS_ID).values()
    (super_admin,) = users_of(PLATFORM_ID).values()
    assert (admin.email, admin.role) == ("first@mizhav.example.com", Role.ADMIN)
    assert super_admin.role == Role.SUPER_ADMIN
    assert GOOD not in output
    for user in (admin, super_admin):
        body = {"email": user.email, "password": GOOD}
        assert APIClient().post("/api/auth/login", body).status_code == 200
        (event,) = events(user.business_id)
        assert event.event_type == "user_created"
        assert event.metadata["channel"] == "command"
        assert event.actor_id is None


@pytest.mark.usefixtures("_environment")
def test_seed_changes_nothing_the_second_time(db: None, settings: Any) -> None:
    run("seed")
    with business_scope(DEFAULT_BUSINESS_ID):
        Business.objects.update(business_name="Renamed")
        User.objects.update(full_name="Renamed")
    settings.ADMIN_PASSWORD = "another that is not taken"
    assert "already exists" in run("seed")
    (admin,) = users_of(DEFAULT_BUSINESS_ID).values()
    assert admin.full_name == "Renamed"
    assert password_matches(admin.account_id, GOOD)
    assert len(events(DEFAULT_BUSINESS_ID)) == 1


@pytest.mark.usefixtures("_environment")
def test_seed_without_an_email_makes_nobody(db: None, settings: Any) -> None:
    settings.ADMIN_EMAIL = settings.SUPERADMIN_EMAIL = ""
    assert "ADMIN_EMAIL is not set" in run("seed")
    assert users_of(DEFAULT_BUSINESS_ID) == users_of(PLATFORM_ID) == {}


@pytest.mark.usefixtures("_environment")
def test_seed_takes_a_weak_password_on_a_developers_machine_only(
    db: None, settings: Any
) -> None:
    settings.ADMIN_PASSWORD = settings.SUPERADMIN_PASSWORD = "admin"
    settings.DEBUG = False
    with pytest.raises(CommandError, match=r"^ADMIN_PASSWORD: This password is too"):
        run("seed")
    assert users_of(DEFAULT_BUSINESS_ID) == {}
    settings.DEBUG = True
    run("seed")
    assert len(users_of(DEFAULT_BUSINESS_ID)) == 1


@pytest.mark.usefixtures("_environment")
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("ADMIN_PASSWORD", "", "ADMIN_PASSWORD must be set"),
        ("SUPERADMIN_PASSWORD", "", "SUPERADMIN_PASSWORD must be set"),
        ("ADMIN_EMAIL", "nonsense", "ADMIN_EMAIL is not an e-mail address: nonsense"),
        ("ADMIN_PASSWORD", "x" * 129, "ADMIN_PASSWORD: Enter at most 128"),
    ],
)
def test_seed_refuses_by_name_and_makes_nothing(
    db: None, settings: Any, name: str, value: str, message: str
) -> None:
    setattr(settings, name, value)
    with pytest.raises(CommandError, match=message):
        run("seed")
    assert users_of(DEFAULT_BUSINESS_ID) == users_of(PLATFORM_ID) == {}


@pytest.mark.usefixtures("_environment")
def test_seed_leaves_an_email_with_whoever_has_it(
    acme: Personas, settings: Any
) -> None:
    settings.ADMIN_EMAIL = acme.viewer.email
    run("seed")
    assert users_of(DEFAULT_BUSINESS_ID) == {}
    assert users_of(acme.id)[str(acme.viewer.email)].role == Role.VIEWER


@pytest.mark.usefixtures("_environment")
@pytest.mark.django_db(transaction=True)
def test_seed_twice_at_once_makes_one_of_each() -> None:
    with platform_scope("none of them are there"):
        assert Business.objects.count() == 2

    def seed(_: int) -> None:
        try:
            run("seed")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(seed, range(2)))
    assert len(users_of(DEFAULT_BUSINESS_ID)) == len(users_of(PLATFORM_ID)) == 1


# createsuperuser


def test_createsuperuser_makes_one_in_platform(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, GOOD)
    output = run("createsuperuser", "--email", "New@Example.com", "--noinput")
    assert "new@example.com is a super-admin" in output
    (user,) = users_of(PLATFORM_ID).values()
    assert (user.role, user.full_name) == (Role.SUPER_ADMIN, "new@example.com")
    assert password_matches(user.account_id, GOOD)
    assert [event.event_type for event in events(PLATFORM_ID)] == ["user_created"]


@pytest.mark.parametrize(
    ("arguments", "password", "message"),
    [
        (["--noinput"], GOOD, "Add --email."),
        (["--noinput", "--email", "x"], GOOD, "not an e-mail address"),
        (["--noinput", "--email", "a@example.com"], "", PASSWORD_VARIABLE),
        (["--noinput", "--email", "a@example.com"], "short", "too short"),
        (["--email", "a@example.com"], "", PASSWORD_VARIABLE),  # no terminal
    ],
)
def test_createsuperuser_refuses_with_a_sentence(
    db: None,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    password: str,
    message: str,
) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, password)
    with pytest.raises(CommandError, match=message):
        run("createsuperuser", *arguments)
    assert users_of(PLATFORM_ID) == {}


def test_createsuperuser_says_that_an_email_is_in_use_and_not_whose(
    acme: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, GOOD)
    with pytest.raises(CommandError, match=r"email: This value .*use") as e:
        run("createsuperuser", "--noinput", "--email", str(acme.viewer.email))
    assert "Acme" not in str(e.value)


def test_createsuperuser_asks_twice(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    typed = iter([GOOD, "something else", GOOD, GOOD])
    monkeypatch.setattr(
        "accounts.management.prompts.getpass", lambda prompt: next(typed)
    )
    monkeypatch.setattr("builtins.input", lambda prompt: "a@example.com")
    with pytest.raises(CommandError, match="do not match"):
        run("createsuperuser")
    run("createsuperuser")
    assert list(users_of(PLATFORM_ID)) == ["a@example.com"]


# changepassword


def test_changepassword_finds_the_business_and_ends_every_sign_in(
    acme: Personas, globex: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, GOOD)
    token = start_sign_in(acme.viewer).access
    run("changepassword", str(acme.viewer.email).upper())
    client = APIClient(headers={"Authorization": f"Bearer {token}"})
    assert client.get("/api/auth/me").status_code == 401
    user = users_of(acme.id)[str(acme.viewer.email)]
    assert password_matches(user.account_id, GOOD)
    (event,) = events(acme.id)
    assert event.event_type == "user_password_changed"
    assert event.metadata == {"channel": "command"}
    assert events(globex.id) == []


def test_changepassword_of_a_super_admin(
    super_admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, GOOD)
    run("changepassword", str(super_admin.email))
    assert password_matches(
        users_of(PLATFORM_ID)[str(super_admin.email)].account_id, GOOD
    )


@pytest.mark.parametrize(
    ("email", "password", "message"),
    [
        (
            "nobody@example.com",
            GOOD,
            "No user has the e-mail address nobody@example.com",
        ),
        ("nonsense", GOOD, "not an e-mail address"),
        ("viewer@acme.example.com", "short", "too short"),
    ],
)
def test_changepassword_refuses_with_a_sentence(
    acme: Personas,
    monkeypatch: pytest.MonkeyPatch,
    email: str,
    password: str,
    message: str,
) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, password)
    with pytest.raises(CommandError, match=message):
        run("changepassword", email)
    assert password_matches(
        users_of(acme.id)["viewer@acme.example.com"].account_id, PASSWORD
    )
    assert events(acme.id) == []
