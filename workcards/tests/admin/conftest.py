"""Fixtures of the admin's card tests: John, his card, and a signed-in reviewer."""

import pytest

from accounts.tests.personas import Personas
from tests.admin_clients import AdminClient, admin_client_for
from workcards.models import WorkCard
from workcards.tests.factories import WorkCardFactory
from workforce.models import Employee, Site
from workforce.tests.factories import EmployeeFactory, SiteFactory


@pytest.fixture
def site(acme: Personas) -> Site:
    with acme.scope():
        return SiteFactory(site_name="Harbour")


@pytest.fixture
def john(acme: Personas, site: Site) -> Employee:
    with acme.scope():
        return EmployeeFactory(full_name="John Example", site=site)


@pytest.fixture
def card(acme: Personas, john: Employee) -> WorkCard:
    with acme.scope():
        return WorkCardFactory(employee=john, site=john.site, uploaded=True)


@pytest.fixture
def client(acme: Personas) -> AdminClient:
    return admin_client_for(acme.reviewer)
