"""PATCH of every route leaves the omitted fields unchanged."""

from datetime import date
from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import UserFactory
from accounts.tests.personas import Personas
from businesses.models import BusinessSettings, WarningPolicy
from exports.tests.factories import ExportProfileFactory
from tests.api_cases import ROUTES, TABLE, World
from workcards.tests.factories import DayEntryFactory, WorkCardFactory
from workforce.tests.factories import EmployeeFactory, SiteFactory, SiteSettingsFactory

pytestmark = pytest.mark.django_db

# These fields change with every write.
STAMPS = {"updated_at", "version"}


def _user(world: World) -> Any:
    return UserFactory(phone_number="+972501234567", language="he")


def _business(world: World) -> Any:
    business = world.acme.business
    business.expected_cards_per_month = 3
    business.save()
    return business


def _site(world: World) -> Any:
    return SiteFactory(steward=world.acme.business, address="1 Quay Road")


def _settings(world: World) -> Any:
    site = _site(world)
    SiteSettingsFactory(
        site=site,
        hourly_tariff="61.50",
        contact_phone="+972501234567",
        expected_cards_per_month=4,
        responsible_employee=EmployeeFactory(),
        is_hidden=True,
    )
    return site


def _employee(world: World) -> Any:
    return EmployeeFactory(
        phone_number="+972501234567",
        started_on=date(2026, 1, 1),
        left_on=date(2026, 8, 1),
    )


def _card(world: World) -> Any:
    return DayEntryFactory(work_card=WorkCardFactory(notes="Torn")).work_card


def _profile(world: World) -> Any:
    return ExportProfileFactory(
        identifier="passport_id",
        organization_number="0042",
        hours_format="hh:mm",
        delimiter=";",
        decimal_separator=",",
        encoding="windows-1255",
    )


def _business_settings(world: World) -> Any:
    BusinessSettings.objects.create(
        on_future_month=WarningPolicy.REJECT, longest_day_hours="11.50"
    )
    return world.acme.business


# Route → a row with a value in every field, and a change.
ROWS: dict[str, Any] = {
    "user-detail": (_user, {"full_name": "Renamed"}),
    "business-detail": (_business, {"language": "he"}),
    "business-settings": (_business_settings, {"on_long_day": "refuse"}),
    "site-detail": (_site, {"site_name": "Renamed"}),
    "site-settings": (_settings, {"contact_emails": ["a@example.com"]}),
    "employee-detail": (_employee, {"full_name": "Renamed"}),
    "work-card-detail": (_card, {"notes": "Wet"}),
    "export-profile-detail": (_profile, {"components": {"SICK": "S"}}),
}
# Tested separately: see workcards/tests/test_day_edits.py.
OTHERS = {"work-card-day-entries"}


def test_every_patch_route_has_its_row() -> None:
    routes = {row.route for row in TABLE if row.method == "PATCH"}
    assert routes == ROWS.keys() | OTHERS


@pytest.fixture
def world(acme: Personas, super_admin: User) -> World:
    return World(acme, super_admin)


def _without_stamps(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in STAMPS}


@pytest.mark.parametrize("route", ROWS)
def test_patch_keeps_what_is_not_sent(world: World, route: str) -> None:
    make, change = ROWS[route]
    with world.acme.scope():
        row = make(world)
    path = f"/api/{ROUTES[route].path}".replace("<id:pk>", str(row.pk))
    client = world.client("ADMIN")
    stored = client.get(path).json()

    assert client.patch(path, {}).status_code == 200
    assert _without_stamps(client.get(path).json()) == _without_stamps(stored)
    for name in _without_stamps(stored):
        patched = client.patch(path, {name: stored[name]})
        assert patched.status_code == 200, (name, patched.content)
        assert _without_stamps(client.get(path).json()) == _without_stamps(stored)

    assert client.patch(path, change).status_code == 200
    changed = client.get(path).json()
    differing = {name for name in stored if stored[name] != changed[name]}
    assert differing - STAMPS == change.keys()
