"""Factories of sites, employees and site settings, used in the scope of a business, a site's steward."""

from typing import Any

import factory
from factory.django import DjangoModelFactory

from businesses.tenancy.context import try_get_business_id
from workforce.models import Employee, Site, SiteSettings


class SiteFactory(DjangoModelFactory[Site]):
    class Meta:
        model = Site

    site_name = factory.Sequence(lambda number: f"Construction Site {number}")
    site_code = factory.Sequence(lambda number: f"SITE-{number}")
    steward_id: Any = factory.LazyFunction(try_get_business_id)

    @classmethod
    def _setup_next_sequence(cls) -> int:
        """Begin after the numbers in the names that tests use, such as "Construction Site 1"."""
        return 100


class EmployeeFactory(DjangoModelFactory[Employee]):
    class Meta:
        model = Employee

    site = factory.SubFactory(SiteFactory)
    full_name = factory.Sequence(lambda number: f"Employee {number}")
    passport_id = factory.Sequence(lambda number: f"P{number:07}")
    # Distinct from the ids that tests set themselves.
    external_employee_id = factory.Sequence(lambda number: f"9{number:06}")


class SiteSettingsFactory(DjangoModelFactory[SiteSettings]):
    class Meta:
        model = SiteSettings

    site = factory.SubFactory(SiteFactory)
