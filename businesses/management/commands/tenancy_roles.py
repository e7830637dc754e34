"""`manage.py tenancy_roles`: check, print or repair database roles and grants."""

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections, transaction

from businesses.tenancy.database_roles import (
    check_database_roles,
    missing_log_settings,
    public_access_sql,
    setup_sql,
)
from businesses.tenancy.definer_functions import create_definer_functions
from businesses.tenancy.grants import apply_grants
from businesses.tenancy.verification import has_unapplied_migrations


class Command(BaseCommand):
    help = (
        "Check the database roles that isolation requires, print the setup SQL for a database administrator "
        "(--sql), or recreate the sign-in function and all grants and revoke access of other logins, for example "
        "after restoring a dump (--repair)."
    )
    # The command must also run when the system checks stop all others.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        choice = parser.add_mutually_exclusive_group()
        choice.add_argument(
            "--sql",
            action="store_true",
            help="print the setup SQL for a database administrator",
        )
        choice.add_argument(
            "--repair",
            action="store_true",
            help="recreate the sign-in function and all grants, and revoke access of other logins",
        )

    def handle(self, *, sql: bool, repair: bool, **options: object) -> None:
        connection = connections[DEFAULT_DB_ALIAS]
        if sql:
            self.stdout.write(setup_sql(connection), ending="")
            return
        if problems := check_database_roles(connection):
            raise CommandError(
                "\n".join(problems)
                + "\nRun `manage.py tenancy_roles --sql` to print the SQL for a database administrator."
            )
        if repair:
            if has_unapplied_migrations(connection):
                raise CommandError("Run `manage.py migrate`: it creates them.")
            with transaction.atomic():
                create_definer_functions(connection)
                apply_grants(connection)
                with connection.cursor() as cursor:
                    cursor.execute(public_access_sql(connection, is_open=False))
            self.stdout.write(
                "The sign-in function and all grants were recreated. Other logins have no access."
            )
        else:
            self.stdout.write("The login has both roles and no unnecessary privileges.")
            for note in missing_log_settings(connection):
                self.stdout.write(note)
