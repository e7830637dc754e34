"""Tests of `manage.py lockouts`: list and open the running counts."""

import uuid
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.lockout import FAILURES_AN_ADDRESS
from accounts.tests.api_clients import client_of
from accounts.tests.factories import PASSWORD
from accounts.tests.personas import Personas
from audit.cross_business import (
    IN_USE_AN_HOUR,
    check_in_use_limit,
    in_use_subject,
)
from automatehq.api.errors import TooMany
from businesses.models import PLATFORM_ID
from businesses.tenancy import rate_limits

from .test_lockout import ADDRESS, EMAIL, ask, fail, kinds, status_of

pytestmark = pytest.mark.django_db


def lockouts(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("lockouts", *arguments, stdout=out)
    return out.getvalue().splitlines()


def lock_address(address: str = ADDRESS) -> None:
    rate_limits.increment(
        f"sign-in-failures:{address}", seconds=900, more=FAILURES_AN_ADDRESS
    )


def test_without_failures_nothing_is_locked(acme: Personas) -> None:
    assert lockouts() == ["Nothing is locked."]


def test_a_locked_email_is_listed_and_opened_by_its_name(acme: Personas) -> None:
    fail(5)
    assert lockouts() == [
        f"e-mail {EMAIL} from {ADDRESS}: 5 failed sign-ins of 5, locked, ends in 15 min"
    ]
    lockouts("--open", EMAIL.upper())
    assert lockouts() == ["Nothing is locked."]
    assert status_of(EMAIL, PASSWORD) == 200
    assert kinds(acme.id)[-1] == "lockout_opened"


def test_a_locked_address_is_listed_and_opened_with_its_emails(acme: Personas) -> None:
    fail(5)
    fail(5, REMOTE_ADDR="203.0.113.8")
    lock_address()
    assert status_of("viewer@acme.example.com", PASSWORD) == 429
    assert any(line.startswith(f"address {ADDRESS}: 55 ") for line in lockouts())
    opened = lockouts("--open", ADDRESS)
    assert [line.split()[1] for line in opened] == ["e-mail", "address"]
    assert status_of("viewer@acme.example.com", PASSWORD) == 200
    assert status_of(EMAIL, PASSWORD) == 200
    assert status_of(EMAIL, PASSWORD, REMOTE_ADDR="203.0.113.8") == 429
    assert kinds(PLATFORM_ID) == ["lockout_opened"]


@pytest.mark.parametrize("name", ["2001:db8:0:1::99", "2001:DB8:0:1::/64"])
def test_any_address_of_an_ipv6_network_names_it(acme: Personas, name: str) -> None:
    lock_address("2001:db8:0:1::/64")
    fail(4, REMOTE_ADDR="2001:db8:0:2::1")
    assert ask(EMAIL, PASSWORD, REMOTE_ADDR="2001:db8:0:1::7").status_code == 429
    assert len(lockouts("--open", name)) == 1
    assert ask(EMAIL, PASSWORD, REMOTE_ADDR="2001:db8:0:1::7").status_code == 200


def test_requests_over_a_socket_are_opened_as_unknown(acme: Personas) -> None:
    fail(5, REMOTE_ADDR="")
    assert len(lockouts("--open", "unknown")) == 2
    assert status_of(EMAIL, PASSWORD, REMOTE_ADDR="") == 200


def test_counts_below_the_limit_are_listed_on_request(acme: Personas) -> None:
    fail(2)
    assert lockouts() == ["Nothing is locked."]
    assert [line.split(",")[1] for line in lockouts("--all")[:2]] == [" not locked"] * 2


def test_open_all_opens_what_is_locked_and_nothing_else(acme: Personas) -> None:
    fail(5)
    fail(2, "viewer@acme.example.com")
    lock_address("203.0.113.9")
    assert lockouts("--open-all")[-1] == "Locks removed: 2."
    assert any("viewer@acme.example.com" in line for line in lockouts("--all"))
    assert lockouts() == ["Nothing is locked."]


def test_users_and_businesses_with_too_many_values_in_use_are_opened(
    acme: Personas, settings: Any
) -> None:
    user = in_use_subject("user", acme.admin.pk)
    business = in_use_subject("business", acme.id)
    rate_limits.increment(user.key, seconds=3600, more=IN_USE_AN_HOUR)
    rate_limits.increment(
        business.key, seconds=3600, more=settings.IN_USE_A_BUSINESS_AN_HOUR
    )
    assert len(lockouts()) == 2
    lockouts("--open", str(acme.admin.pk))
    with acme.scope(), pytest.raises(TooMany):
        check_in_use_limit(acme.admin.pk)
    lockouts("--open", str(acme.id))
    with acme.scope():
        check_in_use_limit(acme.admin.pk)
    created = client_of(acme.admin).post("/api/sites", {"site_name": "Harbour"})
    assert created.status_code == 201


def test_a_name_that_has_no_count_is_told(acme: Personas) -> None:
    assert lockouts("--open", ADDRESS) == [f"No count found for {ADDRESS}."]
    assert lockouts("--open", str(uuid.uuid4()))[0].startswith("No count found")


@pytest.mark.parametrize("name", ["nonsense", "203.0.113.0/24", ""])
def test_a_name_that_is_none_changes_nothing(acme: Personas, name: str) -> None:
    fail(5)
    with pytest.raises(CommandError, match="is not an address, e-mail or ID"):
        lockouts("--open", EMAIL, "--open", name)
    assert status_of(EMAIL, PASSWORD) == 429
