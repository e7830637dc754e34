"""The businesses and users of the tests.

Each business has a user of each role. There is also a super-admin.

acme the business under test globex another business, isolated from it
"""

import uuid
from contextlib import AbstractContextManager
from dataclasses import dataclass

from accounts.models import User
from accounts.roles import Role
from businesses.models import PLATFORM_ID, Business
from businesses.tenancy.context import Scope, business_scope, platform_scope
from businesses.tests.factories import BusinessFactory

from .factories import UserFactory


@dataclass(frozen=True)
class Personas:
    """A business and its users."""

    business: Business
    admin: User
    reviewer: User
    uploader: User
    viewer: User

    @property
    def id(self) -> uuid.UUID:
        return self.business.id

    def scope(self) -> AbstractContextManager[Scope]:
        """Return the scope of this business: `with acme.scope(): …`."""
        return business_scope(self.id)

    def user(self, role: Role | str) -> User:
        """Return the user of this business with `role`."""
        user: User = getattr(self, str(role).lower())
        return user


def make_personas(name: str) -> Personas:
    """Create a business with a user of each role.

    The e-mails are `admin@<name>.example.com` and so on.
    """
    code = name.lower()
    with platform_scope("sample data"):
        business = BusinessFactory(business_name=name, business_code=code)
    with business_scope(business.id):
        people = {
            role.lower(): UserFactory(
                role=role,
                full_name=f"{name} {role.label}",
                email=f"{role.lower()}@{code}.example.com",
            )
            for role in (Role.ADMIN, Role.REVIEWER, Role.UPLOADER, Role.VIEWER)
        }
    return Personas(business, **people)


def make_super_admin() -> User:
    """Create a super-admin, who belongs to Platform."""
    with business_scope(PLATFORM_ID):
        return UserFactory(
            role=Role.SUPER_ADMIN,
            full_name="Super Admin",
            email="super-admin@platform.example.com",
        )
