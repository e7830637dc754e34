"""`manage.py check_ledger`: compare the ledger with approved days, and repair it."""

import uuid

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q

from automatehq.api.converters import parse_uuid
from businesses.models import Business
from businesses.tenancy.context import business_scope, platform_scope
from workcards.services import find_faults, open_months_of, repair_month


class Command(BaseCommand):
    help = (
        "Check that each day of an approved card has a row in the ledger or is set aside by another approved "
        "card, and that the ledger has no other rows. Prints one line per problem; exits with 1 if any remain. "
        "The command can run while users work."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--business",
            metavar="CODE",
            help="check one business, by code, name or ID (default: all)",
        )
        parser.add_argument(
            "--repair",
            action="store_true",
            help="print the repairs for open months without applying them",
        )
        parser.add_argument(
            "--apply",
            action="store_true",
            help="with --repair: apply the repairs; each is recorded in the audit trail",
        )

    def handle(
        self, *, business: str | None, repair: bool, apply: bool, **options: object
    ) -> None:
        if apply and not repair:
            raise CommandError("--apply requires --repair.")
        fault_count = sum(
            self._check(business_id, name, repair=repair, apply=apply)
            for business_id, name in _businesses(business)
        )
        if fault_count:
            raise CommandError(f"{fault_count} problems found in the ledger.")
        self.stdout.write("The ledger agrees with the approved cards.")

    def _check(
        self, business_id: uuid.UUID, name: str, *, repair: bool, apply: bool
    ) -> int:
        """Check a business; return the number of faults that are left."""
        with business_scope(business_id):
            findings = find_faults()
        for finding in findings:
            self.stdout.write(f"{name}: {finding}")
        if not repair or not findings:
            return len(findings)
        word = "repaired" if apply else "proposed"
        for employee_id, month in open_months_of(findings):
            # A transaction for each month, so that locks are short.
            with business_scope(business_id):
                repairs = repair_month(employee_id, month, apply=apply)
            for done in repairs:
                self.stdout.write(f"{name}: {word}: {done}")
        with business_scope(business_id):
            return len(find_faults())


def _businesses(named: str | None) -> list[tuple[uuid.UUID, str]]:
    """Return id and name of each business to check.

    These are all businesses, or the one with this code, name or id.
    """
    with platform_scope("lists the businesses whose ledger is checked"):
        businesses = Business.objects.filter(is_platform=False)
        if named is not None:
            businesses = businesses.filter(
                Q(pk=parse_uuid(named))
                | Q(business_code__iexact=named)
                | Q(business_name__iexact=named)
            )
        businesses = list(
            businesses.order_by("business_name", "pk").values_list(
                "pk", "business_name"
            )
        )
    if named is not None and not businesses:
        raise CommandError(f"No business found: “{named}”.")
    return businesses
