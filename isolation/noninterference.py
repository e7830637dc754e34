"""Non-interference: the responses to one business do not depend on the rows of another.

    python -m isolation interference [--roles ADMIN VIEWER …] [--doors work_cards …]

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

from businesses.tenancy.context import unscoped
from businesses.tenancy.database_roles import quoted
from businesses.tenancy.grants import tenant_models
from businesses.tenancy.rollback_guard import unforced
from workcards.models import DayEntry, WorkCard
from workforce.models import Employee
from workforce.tests.factories import SiteFactory

from .database import own_database
from .endpoint_walk import Walk, difference
from .report import Report, Table, say
from .tenants import Side, World, make_world, marked

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
Answers = dict[tuple[str, str, str], tuple[Any, int]]


def full(globex: Side) -> None:
    """Leave all rows of Globex unchanged."""


def changed(globex: Side) -> None:
    """Change texts and states of Globex's rows, and delete its day entries."""
    marked(globex, "Ostrich")
    with globex.personas.scope():
        Employee.objects.update(is_active=False)
        WorkCard.objects.filter(review_status="NEEDS_REVIEW").update(
            review_status="REJECTED", version=F("version") + 1
        )
        DayEntry.objects.all().delete()


def empty(globex: Side) -> None:
    """Delete all rows of Globex in the tables of tenant models, even its users."""
    tables = [model._meta.db_table for model in tenant_models()]
    with unscoped(), unforced(connection, tables), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for table in tables:
            cursor.execute(
                f"DELETE FROM {quoted(table)} WHERE business_id = %s",  # noqa: S608 -- a model's own table
                [globex.personas.id],
            )


def with_a_site_more(globex: Side) -> None:
    """Add a site of Globex. Sites are shared, so that some responses to Acme change."""
    with globex.personas.scope():
        SiteFactory(site_name="Ostrich Quay")


STATES: tuple[Callable[[Side], None], ...] = (changed, empty)


def prove(arguments: list[str]) -> Report:
    parser = argparse.ArgumentParser(prog="python -m isolation interference")
    parser.add_argument("--roles", nargs="+", choices=STAFF, default=STAFF)
    parser.add_argument("--doors", nargs="+", default=())
    given = parser.parse_args(arguments)
    with own_database():
        say("Furnishing two businesses …")
        return compare(make_world(), given.roles, given.doors)


def compare(world: World, roles: Sequence[str], doors: Sequence[str]) -> Report:
    """Compare Acme's responses in each state of Globex with those in the full state."""
    walk = Walk(world, roles, doors)
    answers_while(full, walk)  # fill the caches of this process
    before = answers_while(full, walk)
    rows: list[tuple[str, int, object]] = [("full", len(before), "–")]
    problems: list[str] = []
    for state in STATES:
        after = answers_while(state, walk)
        differing = [key for key in before if before[key] != after[key]]
        rows.append((state.__name__, len(after), len(differing)))
        problems += [
            f"while the other business is {state.__name__}: {' '.join(key)}: "
            + apart(before[key], after[key])
            for key in differing
        ]
    after = answers_while(with_a_site_more, walk)
    showing = sorted(
        {door for key in before if before[key] != after[key] for door in key[2:]}
    )
    problems += [f"{door} shows a site more" for door in {*showing} - SHOW_SITES]
    return Report(
        {
            "doors and methods": len({key[1:] for key in before}),
            "answers compared": len(before) * len(STATES),
            "requests": walk.asker.requests,
            "doors that show a site which the other business adds": len(showing),
        },
        [
            Table(["the other business is", "answers", "that differ"], rows),
            Table(["shows a shared site"], [[f"`/{door}`"] for door in showing]),
        ],
        problems,
    )


def apart(one: tuple[Any, int], other: tuple[Any, int]) -> str:
    if one[0] != other[0]:
        return difference(one[0], other[0])
    return f"{one[1]} statements, then {other[1]}"


def answers_while(state: Callable[[Side], None], walk: Walk) -> Answers:
    """Return the responses to Acme's own requests while Globex is in `state`; roll the state back."""
    say(f"Asking while the other business is {state.__name__.replace('_', ' ')} …")
    with transaction.atomic():
        state(walk.world.globex)
        walk.asker.note_rows()
        answers = {
            key: (answer.told(), len(answer.work)) for key, answer in walk.own_answers()
        }
        transaction.set_rollback(True)
    return answers
