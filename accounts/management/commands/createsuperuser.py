"""`manage.py createsuperuser`: create a super-admin in Platform. It replaces Django's command."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError

from accounts.management.prompts import (
    PASSWORD_VARIABLE,
    read_email,
    read_password,
)
from accounts.roles import Role
from accounts.services import create_user
from automatehq.api.errors import DomainError, error_from_database
from businesses.models import PLATFORM_ID
from businesses.tenancy.context import business_scope


class Command(BaseCommand):
    help = "Create a super-admin."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", help="E-mail address; prompted for if omitted.")
        parser.add_argument(
            "--full-name", help="Full name; the e-mail address by default."
        )
        parser.add_argument(
            "--noinput",
            "--no-input",
            action="store_false",
            dest="interactive",
            help=f"Do not prompt; read the password from the environment variable {PASSWORD_VARIABLE}.",
        )

    def handle(
        self,
        *args: object,
        email: str | None,
        full_name: str | None,
        interactive: bool,
        **options: object,
    ) -> None:
        given = email or (input("E-mail: ") if interactive else "")
        if not given:
            raise CommandError("Add --email.")
        email = read_email(given)
        password = read_password(is_interactive=interactive)
        values = {
            "email": email,
            "full_name": full_name or email,
            "role": Role.SUPER_ADMIN,
        }
        try:
            with business_scope(PLATFORM_ID):
                create_user(values=values, password=password, actor=None)
        except (DomainError, IntegrityError) as error:
            raise CommandError(_describe(error)) from error
        self.stdout.write(f"{email} is a super-admin.")


def _describe(error: DomainError | IntegrityError) -> str:
    rejected = error if isinstance(error, DomainError) else error_from_database(error)
    if rejected is None:
        return str(error)
    return " ".join(f"{p.attr}: {p.detail}" for p in rejected.problems)
