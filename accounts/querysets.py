"""Queryset of users."""

from typing import Self

from automatehq.text import clean_email
from businesses.tenancy.managers import TenantQuerySet

from .roles import Role


class UserQuerySet(TenantQuerySet):
    """Users of the business in scope."""

    def by_email(self, email: str) -> Self:
        return self.filter(email=clean_email(email))

    def by_phone(self, phone_number: str) -> Self:
        """Return the users with this phone number in E.164, as stored."""
        return self.filter(phone_number=phone_number)

    def active(self) -> Self:
        return self.filter(is_active=True)

    def with_role(self, role: Role | str) -> Self:
        return self.filter(role=role)
