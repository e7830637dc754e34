"""Tests of users and businesses in the admin."""

import re
from typing import Any

import pytest
from django.urls import reverse

from accounts.credentials import password_matches
from accounts.models import User
from accounts.services import deactivate_user, release_user
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.personas import Personas
from businesses.models import Business
from businesses.tenancy.context import platform_scope
from tests.admin_clients import AdminClient, admin_client_for
from tests.api_helpers import events

ADD = "/admin/accounts/user/add/"
NEW = {
    "full_name": "  New   Person ",
    "email": "New@Example.com",
    "phone_number": "050-123-4567",
    "role": "REVIEWER",
    "language": "he",
    "new_password": "four other random words",
}


@pytest.fixture
def client(acme: Personas) -> AdminClient:
    return admin_client_for(acme.admin)


def url_of(user: User, page: str = "change") -> str:
    return reverse(f"admin:accounts_user_{page}", args=[user.pk])


def fresh(user: User, business: Personas) -> User:
    with business.scope():
        found: User = User.objects.get(pk=user.pk)
        return found


def values_of(user: User, **changed: Any) -> dict[str, Any]:
    """Return the form data of a user, as the page sends it."""
    return {
        "full_name": user.full_name,
        "email": user.email or "",
        "phone_number": user.phone_number or "",
        "role": user.role,
        "language": user.language or "",
        **changed,
    }


def errors_of(response: Any) -> dict[str, Any]:
    return dict(response.context["adminform"].form.errors)


def test_a_user_is_made_with_values_as_they_are_stored(
    acme: Personas, client: AdminClient
) -> None:
    assert client.send(ADD, NEW).status_code == 302
    with acme.scope():
        user = User.objects.get(email="new@example.com")
    assert (user.full_name, user.phone_number, user.business_id) == (
        "New Person",
        "+972501234567",
        acme.id,
    )
    assert password_matches(user.account_id, "four other random words")
    (event,) = events(acme.id)
    assert (event.event_type, event.actor_id) == ("user_created", acme.admin.pk)
    assert "random words" not in str(event.metadata)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": ""}, "email"),
        ({"phone_number": "12"}, "phone_number"),
        ({"new_password": ""}, "new_password"),
        ({"new_password": "short"}, "new_password"),
        ({"role": "SUPER_ADMIN"}, "role"),
        ({"full_name": ""}, "full_name"),
    ],
)
def test_what_is_wrong_stands_at_its_field(
    acme: Personas, client: AdminClient, wrong: dict[str, str], field: str
) -> None:
    response = client.send(ADD, {**NEW, **wrong})
    assert response.status_code in (200, 400)
    assert errors_of(response).keys() == {field}
    assert events(acme.id) == []


def test_a_new_user_starts_with_the_least_role_and_a_required_email(
    acme: Personas, client: AdminClient, super_admin: User
) -> None:
    form = client.get(ADD).context["adminform"].form
    assert form["role"].value() == "VIEWER"
    assert form.fields["email"].required
    label = re.compile(r'<label class="required" for="id_email">')
    assert label.search(client.get(ADD).content.decode())
    on_platform = admin_client_for(super_admin).get(ADD).context["adminform"].form
    assert on_platform["role"].value() == "SUPER_ADMIN"


def test_the_email_of_a_user_is_required_until_they_are_released(
    acme: Personas, client: AdminClient
) -> None:
    body = values_of(acme.viewer, email="")
    assert errors_of(client.send(url_of(acme.viewer), body)).keys() == {"email"}
    with acme.scope():
        deactivate_user(user_id=acme.viewer.pk, actor=acme.admin)
        release_user(user_id=acme.viewer.pk, actor=acme.admin)
    assert (
        not client.get(url_of(acme.viewer))
        .context["adminform"]
        .form.fields["email"]
        .required
    )


def test_an_edit_without_a_password_leaves_it_and_the_sign_ins(
    acme: Personas, client: AdminClient
) -> None:
    theirs = admin_client_for(acme.viewer)
    body = values_of(acme.viewer, full_name="Other", new_password="")
    assert client.send(url_of(acme.viewer), body).status_code == 302
    user = fresh(acme.viewer, acme)
    assert user.full_name == "Other"
    assert password_matches(user.account_id, PASSWORD)
    assert theirs.get("/admin/").status_code == 200


def test_a_reset_ends_the_users_sign_ins(acme: Personas, client: AdminClient) -> None:
    theirs = admin_client_for(acme.viewer)
    body = values_of(acme.viewer, new_password="four other random words")
    assert client.send(url_of(acme.viewer), body).status_code == 302
    assert password_matches(
        fresh(acme.viewer, acme).account_id, "four other random words"
    )
    assert theirs.get("/admin/").status_code == 401


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"role": "VIEWER"}, 403, "role"),
        ({"new_password": "four other random words"}, 403, "new_password"),
    ],
)
def test_nobody_demotes_or_resets_themselves(
    acme: Personas,
    client: AdminClient,
    changed: dict[str, str],
    status: int,
    field: str,
) -> None:
    response = client.send(url_of(acme.admin), values_of(acme.admin, **changed))
    assert response.status_code == status
    assert errors_of(response).keys() == {field}
    assert fresh(acme.admin, acme).role == "ADMIN"


def test_the_last_administrator_stays(acme: Personas, super_admin: User) -> None:
    client = admin_client_for(super_admin, acting_for=acme.business)
    demoted = client.send(url_of(acme.admin), values_of(acme.admin, role="VIEWER"))
    assert demoted.status_code == 409
    assert "last active administrator" in demoted.content.decode()
    out = client.send(url_of(acme.admin, "deactivate"))
    assert out.status_code == 409
    assert fresh(acme.admin, acme).is_active


def test_a_user_is_shut_out_and_let_in_again(
    acme: Personas, client: AdminClient
) -> None:
    assert client.send(url_of(acme.viewer, "deactivate")).status_code == 302
    assert not fresh(acme.viewer, acme).is_active
    page = client.get(url_of(acme.viewer))
    offered = {action["name"] for action in page.context["object_actions"]}
    assert offered == {"activate", "release"}
    assert client.send(url_of(acme.viewer, "activate")).status_code == 302
    assert fresh(acme.viewer, acme).is_active
    trail = [event.event_type for event in events(acme.id)]
    assert trail == ["user_deactivated", "user_activated"]


def test_a_released_user_needs_a_new_e_mail(
    acme: Personas, client: AdminClient
) -> None:
    assert client.send(url_of(acme.viewer, "release")).status_code == 409
    client.send(url_of(acme.viewer, "deactivate"))
    assert client.send(url_of(acme.viewer, "release")).status_code == 302
    assert fresh(acme.viewer, acme).email is None
    empty = client.send(url_of(acme.viewer, "activate"))
    assert "email" in empty.context["form"].errors
    client.send(url_of(acme.viewer, "activate"), {"email": "Back@Example.com"})
    user = fresh(acme.viewer, acme)
    assert (user.email, user.is_active) == ("back@example.com", True)


def test_an_e_mail_in_use_on_activation_is_told_at_its_field(
    acme: Personas, globex: Personas, client: AdminClient
) -> None:
    with acme.scope():
        deactivate_user(user_id=acme.viewer.pk, actor=None)
        release_user(user_id=acme.viewer.pk, actor=None)
    url = url_of(acme.viewer, "activate")
    for taken in (globex.admin.email, acme.admin.email):
        response = client.send(url, {"email": taken})
        assert response.status_code == 400
        assert response.context["form"].errors == {
            "email": ["This value is already in use."]
        }
    assert not fresh(acme.viewer, acme).is_active


def test_a_released_user_can_be_edited_without_an_e_mail(
    acme: Personas, client: AdminClient
) -> None:
    with acme.scope():
        user = UserFactory(email=None, is_active=False)
    response = client.send(url_of(user), values_of(user, full_name="Gone Person"))
    assert response.status_code == 302
    assert fresh(user, acme).full_name == "Gone Person"


# Businesses


def test_a_business_is_made_with_its_first_administrator(super_admin: User) -> None:
    body = {
        "business_name": "  New   Business ",
        "business_code": "New-1",
        "month_cutoff_day": 5,
        "expected_cards_per_month": 2,
        "time_zone": "Asia/Jerusalem",
        "language": "he",
        "admin_email": "First@Example.com",
        "admin_full_name": "First Admin",
        "admin_password": "four other random words",
    }
    client, url = (
        admin_client_for(super_admin),
        reverse("admin:businesses_business_add"),
    )
    for wrong, field in (
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"month_cutoff_day": 29}, "month_cutoff_day"),
        ({"business_code": "!"}, "business_code"),
        ({"admin_email": "x"}, "admin_email"),
        ({"admin_password": "short"}, "admin_password"),
    ):
        assert errors_of(client.send(url, {**body, **wrong})).keys() == {field}
    assert client.send(url, body).status_code == 302
    with platform_scope("test"):
        business = Business.objects.get(business_code="new-1")
        (user,) = User.objects.filter(business=business)
    assert business.business_name == "New Business"
    assert (user.email, user.role) == ("first@example.com", "ADMIN")
    trail = [event.event_type for event in events(business.pk)]
    assert trail == ["business_created", "user_created"]


def test_an_administrator_edits_their_business_but_not_its_code(
    acme: Personas, client: AdminClient
) -> None:
    url = reverse("admin:businesses_business_change", args=[acme.id])
    body = {
        "business_name": "Acme Works",
        "business_code": "stolen",
        "month_cutoff_day": 7,
        "expected_cards_per_month": 1,
        "time_zone": "Europe/Athens",
        "language": "en",
    }
    assert client.send(url, body).status_code == 302
    with acme.scope():
        business = Business.objects.get()
    assert (business.business_name, business.business_code) == ("Acme Works", "acme")
    assert (business.month_cutoff_day, business.time_zone) == (7, "Europe/Athens")


def test_a_business_is_shut_and_opened_by_the_platform(
    acme: Personas, client: AdminClient, super_admin: User
) -> None:
    platform = admin_client_for(super_admin)
    url = reverse("admin:businesses_business_deactivate", args=[acme.id])
    assert client.send(url).status_code == 403
    assert platform.send(url).status_code == 302
    assert client.get("/admin/").status_code == 401
    url = reverse("admin:businesses_business_activate", args=[acme.id])
    assert platform.send(url).status_code == 302
    assert client.get("/admin/").status_code == 302
