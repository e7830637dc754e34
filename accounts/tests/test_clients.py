"""Tests of the signed-in clients: their tokens and sessions are real ones."""

import pytest

from accounts.authentication import authenticate_credentials
from accounts.models import User
from accounts.tests.api_clients import client_of, token_of
from accounts.tests.personas import Personas
from accounts.tokens import read_access_token
from businesses.tenancy.middleware import scope_for


@pytest.mark.parametrize("role", ["admin", "reviewer", "uploader", "viewer"])
def test_a_persons_token_admits_them_to_their_business(
    acme: Personas, role: str
) -> None:
    credentials = read_access_token(token_of(acme.user(role)))
    with scope_for(credentials):
        person = authenticate_credentials(credentials)
    assert person.user == acme.user(role)
    assert person.business == acme.business


def test_a_super_admins_token_admits_them_to_the_platform(super_admin: User) -> None:
    credentials = read_access_token(token_of(super_admin))
    with scope_for(credentials) as scope:
        person = authenticate_credentials(credentials)
    assert scope.kind == "platform"
    assert (person.user, person.business) == (super_admin, None)


def test_an_acting_token_admits_them_to_the_business_acted_for(
    acme: Personas, super_admin: User
) -> None:
    credentials = read_access_token(token_of(super_admin, acting_for=acme.business))
    with scope_for(credentials) as scope:
        person = authenticate_credentials(credentials)
    assert scope.business_id == acme.id
    assert (person.user, person.business) == (super_admin, acme.business)


def test_clients_bear_their_token(acme: Personas) -> None:
    assert client_of(acme.admin)._credentials["HTTP_AUTHORIZATION"].startswith("Bearer")
