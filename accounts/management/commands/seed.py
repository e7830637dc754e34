"""`manage.py seed`: create the businesses and users that a first sign-in needs."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.credentials import find_account
from accounts.management.prompts import read_email
from accounts.roles import Role
from accounts.services import create_user
from automatehq.advisory_locks import transaction_lock
from automatehq.api.errors import DomainError
from businesses.models import DEFAULT_BUSINESS_ID, PLATFORM_ID, Business
from businesses.tenancy.context import business_scope, platform_scope


class Command(BaseCommand):
    help = (
        "Create Platform, the default business, its first administrator (ADMIN_EMAIL, ADMIN_PASSWORD) and the "
        "first super-admin (SUPERADMIN_EMAIL, SUPERADMIN_PASSWORD). Existing ones are not changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add no arguments: all values come from the environment."""

    @transaction.atomic
    def handle(self, *args: object, **options: object) -> None:
        transaction_lock("seed")
        _make_businesses()
        self._make_user("ADMIN", DEFAULT_BUSINESS_ID, Role.ADMIN, "Administrator")
        self._make_user("SUPERADMIN", PLATFORM_ID, Role.SUPER_ADMIN, "Super-admin")

    def _make_user(self, prefix: str, business_id: Any, role: Role, name: str) -> None:
        email: str = getattr(settings, f"{prefix}_EMAIL")
        password: str = getattr(settings, f"{prefix}_PASSWORD")
        if not email:
            self.stdout.write(f"{prefix}_EMAIL is not set: no {name.lower()} created.")
            return
        email = read_email(email, f"{prefix}_EMAIL")
        if find_account(email) is not None:
            self.stdout.write(f"{email} already exists.")
            return
        if not password:
            raise CommandError(f"{prefix}_PASSWORD must be set in the environment.")
        try:
            with business_scope(business_id):
                create_user(
                    values={"email": email, "full_name": name, "role": role},
                    password=password,
                    actor=None,
                    # On a developer's machine a weak password such as `admin` is enough.
                    may_be_weak=settings.DEBUG,
                )
        except DomainError as error:
            raise CommandError(
                f"{prefix}_PASSWORD: " + " ".join(p.detail for p in error.problems)
            ) from error
        self.stdout.write(f"Created {email} as the first {name.lower()}.")


def _make_businesses() -> None:
    """Create Platform and the default business if they are missing.

    Migrations create both, but a database may have been emptied since.
    """
    with platform_scope("the first businesses"):
        Business.objects.get_or_create(
            id=PLATFORM_ID,
            defaults={
                "business_name": "Platform",
                "is_platform": True,
                "language": Business.Language.ENGLISH,
            },
        )
        Business.objects.get_or_create(
            id=DEFAULT_BUSINESS_ID,
            defaults={"business_name": settings.DEFAULT_BUSINESS_NAME},
        )
