"""Non-interference: the responses to one business do not depend on the rows of another.

    python -m isolation interference [--roles ADMIN VIEWER …] [--endpoints work_cards …]

The owner's own request is sent to every endpoint in three states of the other business: with all its rows, with changed
texts and states, and without rows. Status, headers, body and the number of SQL statements must be the same each time.
Sites stay unchanged, because all businesses share them. The report lists the endpoints that show a site added by the
other business.
"""

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from accounts.models import Account, User
from businesses.tenancy.context import unscoped
from businesses.tenancy.database_roles import quote_identifier
from businesses.tenancy.grants import tenant_models
from businesses.tenancy.rollback_guard import without_forced_rls
from workcards.models import DayEntry, WorkCard
from workforce.models import Employee
from workforce.tests.factories import SiteFactory

from .database import temporary_database
from .endpoint_walk import EndpointWalk
from .report import CheckReport, Table, log
from .request_comparison import describe_difference
from .tenants import Tenant, Tenants, make_tenants, mark_texts

STAFF = ("ADMIN", "REVIEWER", "UPLOADER", "VIEWER")

# Endpoints that list sites, or offer them as a choice or a filter. Add none.
SHOW_SITES = {
    "api/sites",
    "admin/workforce/site/",
    "admin/workforce/sitesettings/add/",
    "admin/workforce/employee/",
    "admin/workforce/employee/add/",
    "admin/workforce/employee/<path:object_id>/change/",
    "admin/workcards/workcard/",
    "admin/workcards/workcard/add/",
    "admin/workcards/workcard/upload/",
    "admin/workcards/workcard/<path:object_id>/edit/",
    "admin/workcards/approvedday/",
    "admin/exports/exportrun/",
    "admin/exports/exportrun/add/",
}

# (role, method, endpoint) → the observable part of the response, and the number of SQL statements.
Responses = dict[tuple[str, str, str], tuple[Any, int]]


def full(globex: Tenant) -> None:
    """Leave all rows of Globex unchanged."""


def changed(globex: Tenant) -> None:
    """Change texts and states of Globex's rows, and delete its day entries."""
    mark_texts(globex, "Ostrich")
    with globex.personas.scope():
        Employee.objects.update(is_active=False)
        WorkCard.objects.filter(review_status="NEEDS_REVIEW").update(
            review_status="REJECTED", version=F("version") + 1
        )
        DayEntry.objects.all().delete()


def empty(globex: Tenant) -> None:
    """Delete all rows of Globex in the tables of tenant models, even its users, and their accounts."""
    tables = [model._meta.db_table for model in tenant_models()]
    with globex.personas.scope():
        accounts = [*User.objects.values_list("account_id", flat=True)]
    with (
        unscoped(),
        without_forced_rls(connection, [*tables, Account._meta.db_table]),
        connection.cursor() as cursor,
    ):
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for table in tables:
            cursor.execute(
                f"DELETE FROM {quote_identifier(table)} WHERE business_id = %s",  # noqa: S608 -- a model's own table
                [globex.personas.id],
            )
        Account.objects.filter(pk__in=accounts).delete()


def with_extra_site(globex: Tenant) -> None:
    """Add a site of Globex. Sites are shared, so that some responses to Acme change."""
    with globex.personas.scope():
        SiteFactory(site_name="Ostrich Quay")


STATES: tuple[Callable[[Tenant], None], ...] = (changed, empty)


def run_check(arguments: list[str]) -> CheckReport:
    parser = argparse.ArgumentParser(prog="python -m isolation interference")
    parser.add_argument("--roles", nargs="+", choices=STAFF, default=STAFF)
    parser.add_argument("--endpoints", nargs="+", default=())
    options = parser.parse_args(arguments)
    with temporary_database():
        log("Creating two businesses …")
        return compare(make_tenants(), options.roles, options.endpoints)


def compare(
    tenants: Tenants, roles: Sequence[str], endpoints: Sequence[str]
) -> CheckReport:
    """Compare Acme's responses in each state of Globex with those in the full state."""
    walk = EndpointWalk(tenants, roles, endpoints)
    responses_in_state(full, walk)  # fill the caches of this process
    before = responses_in_state(full, walk)
    rows: list[tuple[str, int, object]] = [("full", len(before), "–")]
    problems: list[str] = []
    for state in STATES:
        after = responses_in_state(state, walk)
        differing = [key for key in before if before[key] != after[key]]
        rows.append((state.__name__, len(after), len(differing)))
        problems += [
            f"other business {state.__name__}: {' '.join(key)}: "
            + _describe(before[key], after[key])
            for key in differing
        ]
    after = responses_in_state(with_extra_site, walk)
    showing_site = sorted(
        {
            endpoint
            for key in before
            if before[key] != after[key]
            for endpoint in key[2:]
        }
    )
    problems += [
        f"{endpoint} shows an additional site"
        for endpoint in {*showing_site} - SHOW_SITES
    ]
    return CheckReport(
        {
            "endpoints and methods": len({key[1:] for key in before}),
            "responses compared": len(before) * len(STATES),
            "requests": walk.recorder.requests,
            "endpoints that show a site of the other business": len(showing_site),
        },
        [
            Table(["state of the other business", "responses", "different"], rows),
            Table(
                ["endpoints that show a shared site"],
                [[f"`/{endpoint}`"] for endpoint in showing_site],
            ),
        ],
        problems,
    )


def _describe(one: tuple[Any, int], other: tuple[Any, int]) -> str:
    if one[0] != other[0]:
        return describe_difference(one[0], other[0])
    return f"{one[1]} statements, then {other[1]}"


def responses_in_state(
    state: Callable[[Tenant], None], walk: EndpointWalk
) -> Responses:
    """Return the responses to Acme's own requests while Globex is in `state`; roll the state back."""
    log(f"Sending requests, other business {state.__name__.replace('_', ' ')} …")
    with transaction.atomic():
        state(walk.tenants.globex)
        walk.recorder.store_checksums()
        responses = {
            key: (response.observable(), len(response.statements))
            for key, response in walk.iterate_own_responses()
        }
        transaction.set_rollback(True)
    return responses
