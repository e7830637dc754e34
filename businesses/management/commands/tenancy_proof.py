"""`manage.py tenancy_proof`: check that the database isolates businesses."""

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Count

from businesses.models import Business
from businesses.tenancy.context import platform_scope
from businesses.tenancy.grants import tenant_models
from businesses.tenancy.verification import failed_preconditions, verify_database


class Command(BaseCommand):
    help = (
        "Compare the database objects in PostgreSQL with their declarations in the code. Prints the compared "
        "objects, or one line per problem and exits with 1."
    )
    # The command reports the problems for which the system checks would stop it.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--counts",
            action="store_true",
            help="also print the number of rows per business and table",
        )

    def handle(self, *, counts: bool, **options: object) -> None:
        connection = connections[DEFAULT_DB_ALIAS]
        if failed := failed_preconditions(connection):
            raise CommandError("\n".join(failed))
        result = verify_database(connection)
        if counts:
            self._write_counts()
        if result.faults:
            raise CommandError("\n".join(result.faults))
        compared = ", ".join(
            f"{name}: {count}" for name, count in result.compared.items()
        )
        self.stdout.write(f"The database isolates businesses as declared. {compared}.")

    def _write_counts(self) -> None:
        """Write the number of rows of each business in each table that has any."""
        with platform_scope("counts the rows of each business"):
            names = dict(Business.objects.values_list("id", "business_name"))
            lines = sorted(
                (names[business_id], model._meta.db_table, rows)
                for model in tenant_models()
                for business_id, rows in model._default_manager.order_by()
                .values_list("business_id")
                .annotate(Count("pk"))
            )
        width = max((len(name) for name, _, _ in lines), default=0)
        for name, table, rows in lines:
            self.stdout.write(f"{name:<{width}}  {table:<24}{rows:>12}")
