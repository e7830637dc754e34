"""One person with users in several businesses: sign-in with a choice, and switching."""

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.credentials import update_account
from accounts.models import SignIn, User
from accounts.roles import Role
from accounts.services import change_own_password, deactivate_user
from accounts.tests.api_clients import client_of
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.personas import Personas
from tests.admin_clients import admin_client_for

NEW_PASSWORD = "four other random words"


@pytest.fixture
def dana(acme: Personas, globex: Personas) -> dict[uuid.UUID, User]:
    """Return the users of one person: a reviewer of Acme and a viewer of Globex, by business id."""
    with acme.scope():
        first = UserFactory(
            email="dana@example.com", full_name="Dana", role=Role.REVIEWER
        )
    with globex.scope():
        second = UserFactory(
            email="dana@example.com",
            full_name="Dana of Globex",
            role=Role.VIEWER,
            account_id=first.account_id,
        )
    return {acme.id: first, globex.id: second}


def sign_in(email: str = "dana@example.com") -> Any:
    response = APIClient().post(
        "/api/auth/login", {"email": email, "password": PASSWORD}
    )
    assert response.status_code == 200, response.json()
    return response.json()


def bearer(tokens: Any) -> APIClient:
    return APIClient(headers={"Authorization": f"Bearer {tokens['access']}"})


def switch(client: APIClient, business_id: Any) -> Any:
    return client.post("/api/auth/switch", {"business_id": str(business_id)})


def code_of(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["errors"][0]["code"]


# Sign-in


def test_the_first_sign_in_enters_the_first_business_by_name(
    acme: Personas, globex: Personas, dana: dict[uuid.UUID, User]
) -> None:
    signed_in = sign_in()
    assert signed_in["business"]["id"] == str(acme.id)
    assert signed_in["user"]["id"] == str(dana[acme.id].pk)
    assert signed_in["businesses"] == [
        {"id": str(acme.id), "business_name": "Acme"},
        {"id": str(globex.id), "business_name": "Globex"},
    ]


def test_the_next_sign_in_enters_the_business_of_the_last_switch(
    acme: Personas, globex: Personas, dana: dict[uuid.UUID, User]
) -> None:
    switch(bearer(sign_in()), globex.id)
    assert sign_in()["business"]["id"] == str(globex.id)


def test_an_inactive_user_is_no_choice(
    acme: Personas, globex: Personas, dana: dict[uuid.UUID, User]
) -> None:
    with acme.scope():
        deactivate_user(user_id=dana[acme.id].pk, actor=None)
    signed_in = sign_in()
    assert signed_in["business"]["id"] == str(globex.id)
    assert [choice["id"] for choice in signed_in["businesses"]] == [str(globex.id)]


def test_a_person_without_an_active_user_is_rejected(
    acme: Personas, globex: Personas, dana: dict[uuid.UUID, User]
) -> None:
    for personas in (acme, globex):
        with personas.scope():
            deactivate_user(user_id=dana[personas.id].pk, actor=None)
    body = {"email": "dana@example.com", "password": PASSWORD}
    assert code_of(APIClient().post("/api/auth/login", body)) == (403, "user_inactive")


def statements_of_sign_in(email: str, password: str) -> int:
    """Return the number of SQL statements of a sign-in."""
    with CaptureQueriesContext(connection) as statements:
        body = {"email": email, "password": password}
        APIClient().post("/api/auth/login", body)
    return len(statements)


def test_the_number_of_statements_does_not_tell_how_many_businesses_a_person_has(
    acme: Personas, globex: Personas, dana: dict[uuid.UUID, User]
) -> None:
    emails = (str(acme.admin.email), "dana@example.com", "unknown@example.com")
    failures = {statements_of_sign_in(email, "wrong") for email in emails}
    assert len(failures) == 1
    successes = {statements_of_sign_in(email, PASSWORD) for email in emails[:2]}
    assert len(successes) == 1
    # 24 before accounts were separate; the limit is ten more.
    assert successes.pop() <= 34


# Switching


def test_a_switch_gives_tokens_of_the_other_business_and_ends_the_old_ones(
    acme: Personas, globex: Personas, dana: dict[uuid.UUID, User]
) -> None:
    before = sign_in()
    response = switch(bearer(before), globex.id)
    assert response.status_code == 200
    after = response.json()
    me = bearer(after).get("/api/auth/me").json()
    assert me["user"]["id"] == str(dana[globex.id].pk)
    assert me["user"]["role"] == "VIEWER"
    assert me["business"]["id"] == str(globex.id)
    assert bearer(before).get("/api/auth/me").status_code == 401
    refreshed = APIClient().post("/api/auth/refresh", {"refresh": before["refresh"]})
    assert refreshed.status_code == 401
    with acme.scope():
        assert SignIn.objects.get(user=dana[acme.id]).revoked_at is not None


def test_the_choices_are_listed(
    acme: Personas, globex: Personas, dana: dict[uuid.UUID, User]
) -> None:
    choices = bearer(sign_in()).get("/api/auth/businesses").json()["businesses"]
    assert [choice["business_name"] for choice in choices] == ["Acme", "Globex"]
    alone = client_of(acme.admin).get("/api/auth/businesses").json()["businesses"]
    assert alone == [{"id": str(acme.id), "business_name": "Acme"}]


def test_a_super_admin_has_no_choices(super_admin: User) -> None:
    client = client_of(super_admin)
    assert client.get("/api/auth/businesses").json() == {"businesses": []}


@pytest.mark.parametrize("target", ["another business", "no business", "platform"])
def test_another_business_is_answered_like_an_unknown_id(
    acme: Personas, globex: Personas, target: str
) -> None:
    ids = {
        "another business": globex.id,
        "no business": uuid.uuid4(),
        "platform": "00000000-0000-7000-8000-000000000001",
    }
    client = client_of(acme.admin)
    response = switch(client, ids[target])
    assert code_of(response) == (400, "does_not_exist")
    assert client.get("/api/auth/me").status_code == 200  # still signed in


def test_a_deactivated_user_cannot_be_entered(
    acme: Personas, globex: Personas, dana: dict[uuid.UUID, User]
) -> None:
    client = bearer(sign_in())
    with globex.scope():
        deactivate_user(user_id=dana[globex.id].pk, actor=None)
    assert code_of(switch(client, globex.id)) == (400, "does_not_exist")


def test_a_sign_out_in_the_other_business_forbids_the_switch(
    acme: Personas, globex: Personas, dana: dict[uuid.UUID, User]
) -> None:
    """Otherwise a session that was stolen in one business would survive in the other."""
    client = bearer(sign_in())
    with globex.scope():
        User.objects.filter(pk=dana[globex.id].pk).update(signed_out_at=timezone.now())
    assert code_of(switch(client, globex.id)) == (401, "token_not_valid")


def test_a_sign_out_of_the_account_forbids_the_switch(
    acme: Personas, globex: Personas, dana: dict[uuid.UUID, User]
) -> None:
    client = bearer(sign_in())
    update_account(dana[acme.id].account_id, signed_out_at=timezone.now())
    assert code_of(switch(client, globex.id)) == (401, "token_not_valid")


def test_an_administrator_cannot_take_over_an_owned_account(
    acme: Personas, globex: Personas, dana: dict[uuid.UUID, User]
) -> None:
    """Otherwise the administrator of one business could walk into the person's other business."""
    update_account(dana[acme.id].account_id, owned_at=timezone.now())
    client = client_of(acme.admin)
    url = f"/api/users/{dana[acme.id].pk}"
    for body in ({"password": NEW_PASSWORD}, {"email": "mine@example.com"}):
        assert code_of(client.patch(url, body)) == (403, "manages_own_sign_in")
    assert client.patch(url, {"full_name": "Dana D."}).status_code == 200
    assert sign_in()["user"]["email"] == "dana@example.com"


def test_a_refresh_does_not_change_the_time_of_the_password(
    acme: Personas, globex: Personas, dana: dict[uuid.UUID, User]
) -> None:
    tokens = sign_in()
    with globex.scope():
        User.objects.filter(pk=dana[globex.id].pk).update(signed_out_at=timezone.now())
    fresh = APIClient().post("/api/auth/refresh", {"refresh": tokens["refresh"]}).json()
    assert bearer(fresh).get("/api/auth/me").status_code == 200
    assert code_of(switch(bearer(fresh), globex.id)) == (401, "token_not_valid")


def test_a_switch_does_not_make_the_credentials_younger(
    acme: Personas, globex: Personas, dana: dict[uuid.UUID, User]
) -> None:
    first = bearer(sign_in())
    with acme.scope():
        signed_out_at = timezone.now()
    there = switch(first, globex.id).json()
    with acme.scope():
        User.objects.filter(pk=dana[acme.id].pk).update(signed_out_at=signed_out_at)
    assert code_of(switch(bearer(there), acme.id)) == (401, "token_not_valid")


def test_a_new_password_ends_the_sign_ins_in_every_business(
    acme: Personas, globex: Personas, dana: dict[uuid.UUID, User]
) -> None:
    here = sign_in()
    there = switch(bearer(sign_in()), globex.id).json()
    change_own_password(user=dana[acme.id], new_password=NEW_PASSWORD)
    for tokens in (here, there):
        assert bearer(tokens).get("/api/auth/me").status_code == 401
        refreshed = APIClient().post(
            "/api/auth/refresh", {"refresh": tokens["refresh"]}
        )
        assert refreshed.status_code == 401


# The admin


def test_the_menu_lists_the_businesses_and_pages_do_not(
    acme: Personas, globex: Personas, dana: dict[uuid.UUID, User]
) -> None:
    client = admin_client_for(dana[acme.id])
    page = client.get("/admin/").content.decode()
    assert "Globex" not in page
    menu = client.get("/admin/businesses/switch/", headers={"X-Requested-With": "x"})
    assert "Globex" in menu.content.decode()
    assert "<html" not in menu.content.decode()
    alone = admin_client_for(acme.admin).get("/admin/businesses/switch/")
    assert "Globex" not in alone.content.decode()


def test_the_admin_switches_and_the_form_of_the_old_business_is_rejected(
    acme: Personas, globex: Personas, dana: dict[uuid.UUID, User]
) -> None:
    client = Client()
    body = {"email": "dana@example.com", "password": PASSWORD}
    assert client.post("/admin/login/", body).status_code == 302
    assert "Acme" in client.get("/admin/").content.decode()
    response = client.post("/admin/businesses/switch/", {"business_id": str(globex.id)})
    assert response.status_code == 302
    page = client.get("/admin/").content.decode()
    assert "Globex" in page
    assert "Acme" not in page


def test_the_admin_rejects_a_business_of_others(
    acme: Personas, globex: Personas
) -> None:
    client = admin_client_for(acme.admin)
    response = client.post("/admin/businesses/switch/", {"business_id": str(globex.id)})
    assert response.status_code == 400
    assert "Globex" not in response.content.decode()
    assert client.get("/admin/").status_code == 200
