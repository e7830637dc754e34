"""Non-interference: what a business is answered does not depend on what another one has.

    python -m isolation interference [--roles ADMIN VIEWER …] [--doors work_cards …]

Every door is played with the owner's own request while the other business is full, changed in every text and many states, and
empty. Status, headers, bytes and the number of statements must be the same each time. Sites stay as they are meanwhile: that
their list is everybody's is the one exception of reading. What shows a site that the other business adds is listed.
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

# Doors that list sites, or offer them for a choice or a filter. May only become fewer.
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

# (role, method, door) → all that can be told of the answer, and how many statements it took.
Answers = dict[tuple[str, str, str], tuple[Any, int]]


def full(globex: Side) -> None:
    """As furnished."""


def changed(globex: Side) -> None:
    """Other texts everywhere; another row of some kinds, fewer of others, and other states."""
    marked(globex, "Ostrich")
    with globex.personas.scope():
        Employee.objects.update(is_active=False)
        WorkCard.objects.filter(review_status="NEEDS_REVIEW").update(
            review_status="REJECTED", version=F("version") + 1
        )
        DayEntry.objects.all().delete()


def empty(globex: Side) -> None:
    """Without a row in any table that belongs to one business: even its people are gone."""
    tables = [model._meta.db_table for model in tenant_models()]
    with unscoped(), unforced(connection, tables), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for table in tables:
            cursor.execute(
                f"DELETE FROM {quoted(table)} WHERE business_id = %s",  # noqa: S608 -- a model's own table
                [globex.personas.id],
            )


def with_a_site_more(globex: Side) -> None:
    """The exception: sites are shared."""
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
    """Acme's answers in each state of Globex, held against those while it is full."""
    walk = Walk(world, roles, doors)
    answers_while(full, walk)  # what a process looks up once, it has looked up now
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
    """Every own request's answer while Globex is in a state, which is undone afterwards."""
    say(f"Asking while the other business is {state.__name__.replace('_', ' ')} …")
    with transaction.atomic():
        state(walk.world.globex)
        walk.asker.note_rows()
        answers = {
            key: (answer.told(), len(answer.work)) for key, answer in walk.own_answers()
        }
        transaction.set_rollback(True)
    return answers
