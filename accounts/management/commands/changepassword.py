"""`manage.py changepassword`: set the password of a user by e-mail. It replaces Django's command."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from accounts.credentials import users_with_email
from accounts.management.prompts import (
    PASSWORD_VARIABLE,
    read_email,
    read_password,
)
from accounts.services import update_user
from automatehq.api.errors import DomainError
from businesses.tenancy.context import business_scope


class Command(BaseCommand):
    help = "Set a user's password and sign the user out everywhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument(
            "--noinput",
            "--no-input",
            action="store_false",
            dest="interactive",
            help=f"Do not prompt; read the password from the environment variable {PASSWORD_VARIABLE}.",
        )

    def handle(
        self, *args: object, email: str, interactive: bool, **options: object
    ) -> None:
        email = read_email(email)
        places = users_with_email(email)
        if not places:
            raise CommandError(f"No user has the e-mail address {email}.")
        password = read_password(is_interactive=interactive)
        try:
            with business_scope(places[0].business_id):
                update_user(
                    user_id=places[0].user_id,
                    values={"password": password},
                    actor=None,
                )
        except DomainError as error:
            raise CommandError(" ".join(p.detail for p in error.problems)) from error
        self.stdout.write(f"{email} has a new password and is signed out everywhere.")
