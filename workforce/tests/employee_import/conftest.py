"""Fixtures of the import tests: a site, an employee and a client."""

from datetime import date

import pytest
from rest_framework.test import APIClient

from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from workforce.models import Employee, Site
from workforce.tests.factories import EmployeeFactory, SiteFactory


@pytest.fixture
def site(acme: Personas) -> Site:
    with acme.scope():
        return SiteFactory(site_name="Harbour", site_code="H-1")


@pytest.fixture
def john(acme: Personas, site: Site) -> Employee:
    with acme.scope():
        return EmployeeFactory(
            full_name="John Example",
            site=site,
            passport_id="AB123456",
            external_employee_id="0012",
            started_on=date(2026, 1, 15),
        )


@pytest.fixture
def client(acme: Personas) -> APIClient:
    return client_of(acme.reviewer)
