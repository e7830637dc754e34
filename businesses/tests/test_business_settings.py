"""Tests of business settings in the API and the admin."""

import uuid
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import User
from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from audit.descriptions import describe_events
from businesses.models import PLATFORM_ID, BusinessSettings
from businesses.services import SETTINGS_FIELDS, update_business_settings
from tests.admin_clients import admin_client_for
from tests.api_helpers import events, problem, queries
from tests.openapi_conformance import complaints

DEFAULTS = {
    "on_outside_employment": "warn",
    "on_future_month": "warn",
    "on_overlapping_hours": "warn",
    "on_long_day": "warn",
    "on_duplicate_days": "warn",
    "longest_day_hours": "16.00",
}


def url(business_id: Any) -> str:
    return f"/api/businesses/{business_id}/settings"


def page(business_id: Any) -> str:
    return reverse("admin:businesses_business_warnings", args=[business_id])


def rows(personas: Personas) -> list[BusinessSettings]:
    with personas.scope():
        return list(BusinessSettings.objects.all())


def test_the_defaults_apply_until_the_first_change(
    acme: Personas, globex: Personas
) -> None:
    with globex.scope():
        BusinessSettings.objects.create(on_long_day="refuse")
    client = client_of(acme.admin)
    response = client.get(url(acme.id))
    assert response.json() == {
        "business_id": str(acme.id),
        **DEFAULTS,
        "updated_at": None,
    }
    assert complaints("/api/businesses/{id}/settings", "get", response) == []
    assert rows(acme) == []
    changed = {"on_future_month": "refuse", "longest_day_hours": 12.5}
    response = client.patch(url(acme.id), changed)
    assert complaints("/api/businesses/{id}/settings", "patch", response) == []
    expected = {**DEFAULTS, "on_future_month": "refuse", "longest_day_hours": "12.50"}
    body = response.json()
    assert body.pop("updated_at")
    assert body == {"business_id": str(acme.id), **expected}
    again = client.patch(url(acme.id), {"on_future_month": "warn"}).json()
    assert (again["on_future_month"], again["longest_day_hours"]) == ("warn", "12.50")
    assert len(rows(acme)) == 1


def test_a_change_is_audited_with_a_sentence(acme: Personas) -> None:
    client = client_of(acme.admin)
    for policy in ("refuse", "refuse"):
        client.patch(url(acme.id), {"on_long_day": policy})
    (event,) = events(acme.id, "business_settings_updated")
    assert (event.entity_id, event.actor_id) == (acme.id, acme.admin.pk)
    assert event.metadata["before"] == {"on_long_day": "warn"}
    assert event.metadata["after"] == {"on_long_day": "refuse"}
    with acme.scope():
        (text,) = describe_events([event])
    assert "changed the settings of the business" in text.sentence
    assert [(one.label, one.old, one.new) for one in text.changes] == [
        ("Long day", "Warn", "Block")
    ]


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({"on_long_day": "shout"}, "invalid_choice", "on_long_day"),
        ({"on_long_day": None}, "null", "on_long_day"),
        ({"longest_day_hours": "0.99"}, "min_value", "longest_day_hours"),
        ({"longest_day_hours": "24.01"}, "max_value", "longest_day_hours"),
        ({"longest_day_hours": "long"}, "invalid", "longest_day_hours"),
        ({"on_short_day": "warn"}, "unknown_field", "on_short_day"),
        ({"business_id": str(uuid.UUID(int=1))}, "read_only", "business_id"),
    ],
)
def test_bad_settings_are_refused_by_field(
    acme: Personas, body: Any, code: str, attr: str
) -> None:
    response = client_of(acme.admin).patch(url(acme.id), body)
    assert problem(response) == (400, code, attr)
    assert rows(acme) == []


@pytest.mark.parametrize("role", ["REVIEWER", "UPLOADER", "VIEWER"])
def test_other_roles_read_and_do_not_change(acme: Personas, role: str) -> None:
    client = client_of(acme.user(role))
    assert client.get(url(acme.id)).status_code == 200
    response = client.patch(url(acme.id), {"on_long_day": "refuse"})
    assert problem(response)[0] == 403
    browser = admin_client_for(acme.user(role))
    assert browser.get(page(acme.id)).status_code == 403
    assert browser.send(page(acme.id), DEFAULTS).status_code == 403
    assert rows(acme) == []


def test_another_businesss_settings_are_not_found(
    acme: Personas, globex: Personas
) -> None:
    thief = client_of(globex.admin)
    missing = uuid.uuid4()
    for body in (None, {"on_long_day": "refuse"}):
        answers = []
        for business_id in (acme.id, missing):
            path = url(business_id)
            response = thief.patch(path, body) if body else thief.get(path)
            answers.append((response.status_code, response.content))
        assert answers[0] == answers[1]
        assert answers[0][0] == 404
    assert (
        admin_client_for(globex.admin).send(page(acme.id), DEFAULTS).status_code == 404
    )
    assert rows(acme) == []


def test_a_super_admin_changes_the_settings_of_a_business(
    acme: Personas, super_admin: User
) -> None:
    client = client_of(super_admin)
    assert client.patch(url(acme.id), {"on_long_day": "refuse"}).status_code == 200
    assert client.get(url(acme.id)).json()["on_long_day"] == "refuse"
    assert client.get(url(PLATFORM_ID)).status_code == 404
    (event,) = events(acme.id, "business_settings_updated")
    assert event.cross_business


def test_the_page_of_the_business_changes_them(acme: Personas) -> None:
    browser = admin_client_for(acme.admin)
    own = reverse("admin:businesses_business_change", args=[acme.id])
    assert page(acme.id) in browser.get(own).content.decode()
    form = browser.get(page(acme.id)).context["form"]
    assert {name: str(form[name].value()) for name in DEFAULTS} == {
        **DEFAULTS,
        "longest_day_hours": "16",
    }
    typed = {**DEFAULTS, "on_duplicate_days": "refuse", "longest_day_hours": "12"}
    response = browser.send(page(acme.id), typed)
    assert response["Location"] == own
    (row,) = rows(acme)
    assert (row.on_duplicate_days, row.longest_day_hours) == ("refuse", 12)
    response = browser.send(page(acme.id), {**typed, "longest_day_hours": "25"})
    assert response.context["form"].errors.keys() == {"longest_day_hours"}


def test_the_database_refuses_what_no_form_lets_through(acme: Personas) -> None:
    for values in (
        {"on_long_day": "shout"},
        {"longest_day_hours": 0},
        {"longest_day_hours": 25},
    ):
        with acme.scope(), pytest.raises(IntegrityError), transaction.atomic():
            BusinessSettings.objects.create(**values)


def test_each_setting_is_in_the_trail_and_in_the_api() -> None:
    columns = {
        field.name
        for field in BusinessSettings._meta.local_fields
        if field.name not in ("id", "business", "created_at", "updated_at")
    }
    assert columns == set(SETTINGS_FIELDS) == set(DEFAULTS)


def test_a_request_reads_the_settings_with_the_user(acme: Personas) -> None:
    """The settings row is joined to the user's row, so no page needs another query."""
    client = client_of(acme.admin)
    with acme.scope():
        before = queries(lambda: client.get(url(acme.id)))
        update_business_settings(
            business_id=acme.id, values={"on_long_day": "refuse"}, actor=acme.admin
        )
    assert queries(lambda: client.get(url(acme.id))) == before
