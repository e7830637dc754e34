"""Who is in the tests: two businesses with one person of each role, and a super-admin.

acme      the business that a test is about
globex    another business, which must neither see nor be seen
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
    """A business and its people."""

    business: Business
    admin: User
    reviewer: User
    uploader: User
    viewer: User

    @property
    def id(self) -> uuid.UUID:
        return self.business.id

    def scope(self) -> AbstractContextManager[Scope]:
        """Work for this business: `with acme.scope(): …`."""
        return business_scope(self.id)

    def user(self, role: Role | str) -> User:
        """The one person of this business who has `role`."""
        user: User = getattr(self, str(role).lower())
        return user


def make_personas(name: str) -> Personas:
    """A business called `name`, with one person of each role: `admin@<name>.example.com` and so on."""
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
    """A super-admin, who belongs to Platform."""
    with business_scope(PLATFORM_ID):
        return UserFactory(
            role=Role.SUPER_ADMIN,
            full_name="Super Admin",
            email="super-admin@platform.example.com",
        )
