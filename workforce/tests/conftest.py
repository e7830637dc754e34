"""Fixtures of the tests of sites and employees."""

from datetime import date

import pytest

from accounts.tests.personas import Personas
from workforce.models import Employee, Site
from workforce.tests.factories import EmployeeFactory, SiteFactory


@pytest.fixture
def site(acme: Personas) -> Site:
    """Return a site of which acme is the steward."""
    with acme.scope():
        return SiteFactory(site_name="Construction Site 1", site_code="CS-1")


@pytest.fixture
def john(acme: Personas, site: Site) -> Employee:
    """Return an employee of acme with that home site."""
    with acme.scope():
        return EmployeeFactory(
            full_name="John Example",
            site=site,
            passport_id="AB123456",
            external_employee_id="1",
            started_on=date(2026, 1, 15),
        )
