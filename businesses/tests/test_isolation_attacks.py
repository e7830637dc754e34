"""Tests of attacks on another business's rows: each is rejected and changes no row."""

import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F

from accounts.tests.personas import Personas
from businesses.tenancy.context import unscoped
from businesses.tenancy.exceptions import WrongBusiness
from exports.models import ExportRun
from workcards.models import DayEntry, WorkCard, WorkCardFile
from workcards.tests.factories import MONTH, WorkCardFactory
from workforce.models import Employee

from .lock_assertions import only
from .samples import (
    all_of,
    crossing_references,
    execute,
    insert_copy,
    one_of_each,
)

pytestmark = pytest.mark.django_db


@dataclass
class Attacker:
    """A user of Acme with ids of Globex's rows.

    `hans` and `card` were read where that was permitted.
    """

    acme: Personas
    globex: Personas
    john: Employee
    hans: Employee
    own_card: WorkCard
    card: WorkCard
    foreign_run_id: uuid.UUID


@pytest.fixture
def attacker(acme: Personas, globex: Personas) -> Attacker:
    mine, theirs = one_of_each(acme), one_of_each(globex)
    with globex.scope():
        hans = Employee.objects.get(pk=theirs[Employee].pk)
        card = WorkCard.objects.get(pk=theirs[WorkCard].pk)
    with acme.scope():
        john = Employee.objects.get(pk=mine[Employee].pk)
        own_card = WorkCard.objects.get(pk=mine[WorkCard].pk)
    return Attacker(acme, globex, john, hans, own_card, card, theirs[ExportRun].pk)


REJECTED = (WrongBusiness, ObjectDoesNotExist, DatabaseError)
NOTHING = 0

# Attack → its code and its result: an error, or no changed row.
Attack = tuple[Callable[[Attacker], Any], Any]
ATTACKS: dict[str, Attack] = {
    "save() under a foreign id": (
        lambda a: Employee(pk=a.hans.pk, full_name="Taken").save(),
        IntegrityError,
    ),
    "save() under a foreign id and business": (
        lambda a: Employee(pk=a.hans.pk, business=a.globex.business).save(),
        WrongBusiness,
    ),
    "save() that must update": (
        lambda a: Employee(pk=a.hans.pk, full_name="Taken").save(force_update=True),
        DatabaseError,
    ),
    "save() of some fields": (
        lambda a: Employee(pk=a.hans.pk, full_name="Taken").save(
            update_fields=["full_name"]
        ),
        DatabaseError,
    ),
    "save() of a row that was read elsewhere": (
        lambda a: a.hans.save(),
        WrongBusiness,
    ),
    "save() of a row that was read elsewhere, with the own business": (
        lambda a: _with_own_business(a.hans, a.acme).save(),
        WrongBusiness,
    ),
    "save_base(), past the model": (
        lambda a: a.hans.save_base(),
        DatabaseError,
    ),
    "delete() under a foreign id": (
        lambda a: WorkCard(pk=a.card.pk).delete(),
        ObjectDoesNotExist,
    ),
    "delete() of a row that was read elsewhere": (
        lambda a: a.card.delete(),
        WrongBusiness,
    ),
    "delete() of a foreign file": (
        lambda a: WorkCardFile(pk=a.card.file_id).delete(),
        ObjectDoesNotExist,
    ),
    "queryset delete()": (
        lambda a: WorkCard.objects.filter(pk=a.card.pk).delete()[0],
        NOTHING,
    ),
    "delete() past the manager": (
        lambda a: DayEntry._base_manager.filter(work_card=a.card).delete()[0],
        NOTHING,
    ),
    "create() for another business": (
        lambda a: Employee.objects.create(
            full_name="Planted", business=a.globex.business
        ),
        WrongBusiness,
    ),
    "create() for another business by its id": (
        lambda a: Employee.objects.create(full_name="Planted", business_id=a.globex.id),
        WrongBusiness,
    ),
    "bulk_create() for another business": (
        lambda a: Employee.objects.bulk_create(
            [
                Employee(full_name="Fine"),
                Employee(full_name="Planted", business_id=a.globex.id),
            ]
        ),
        WrongBusiness,
    ),
    "bulk_create() under a foreign id": (
        lambda a: Employee.objects.bulk_create(
            [Employee(pk=a.hans.pk, full_name="Taken")]
        ),
        IntegrityError,
    ),
    "bulk_create() that updates what is there": (
        lambda a: Employee.objects.bulk_create(
            [Employee(pk=a.hans.pk, full_name="Taken")],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["full_name"],
        ),
        DatabaseError,
    ),
    "bulk_create() that updates by a globally unique value": (
        lambda a: Employee.objects.bulk_create(
            [Employee(full_name="Taken", passport_id=a.hans.passport_id)],
            update_conflicts=True,
            unique_fields=["passport_id"],
            update_fields=["full_name", "business"],
        ),
        DatabaseError,
    ),
    "bulk_create() past the manager": (
        lambda a: Employee._base_manager.bulk_create(
            [Employee(full_name="Planted", business_id=a.globex.id)]
        ),
        DatabaseError,
    ),
    "bulk_update() of rows that were read elsewhere": (
        lambda a: Employee.objects.bulk_update([a.hans], ["full_name"]),
        WrongBusiness,
    ),
    "bulk_update() under a foreign id": (
        lambda a: Employee.objects.bulk_update(
            [a.john, Employee(pk=a.hans.pk, full_name="Taken")], ["full_name"]
        ),
        ObjectDoesNotExist,
    ),
    "bulk_update() of the business": (
        lambda a: Employee.objects.bulk_update([a.john], ["business"]),
        WrongBusiness,
    ),
    "bulk_update() past the manager": (
        lambda a: Employee._base_manager.bulk_update([a.hans], ["full_name"]),
        NOTHING,
    ),
    "update() of a foreign row": (
        lambda a: Employee.objects.filter(pk=a.hans.pk).update(full_name="Taken"),
        NOTHING,
    ),
    "update() into another business": (
        lambda a: Employee.objects.update(business=a.globex.business),
        WrongBusiness,
    ),
    "update() into another business by its id": (
        lambda a: Employee.objects.update(business_id=a.globex.id),
        WrongBusiness,
    ),
    "update() past the manager": (
        lambda a: Employee._base_manager.filter(pk=a.hans.pk).update(full_name="Taken"),
        NOTHING,
    ),
    "update() into another business past the manager": (
        lambda a: Employee._base_manager.update(business=a.globex.business),
        DatabaseError,
    ),
    "update() by an expression past the manager": (
        lambda a: Employee._base_manager.exclude(business=a.acme.business).update(
            full_name=F("phone_number")
        ),
        NOTHING,
    ),
    "update() of a reference": (
        lambda a: WorkCard.objects.filter(pk=a.own_card.pk).update(employee=a.hans),
        IntegrityError,
    ),
    "a row moved to another business": (
        lambda a: _with_own_business(a.john, a.globex).save(),
        WrongBusiness,
    ),
    "a row moved whose business was not read": (
        lambda a: _with_own_business(
            Employee.objects.only("full_name").get(pk=a.john.pk), a.globex
        ).save(),
        WrongBusiness,
    ),
    "get_or_create() of a foreign id": (
        lambda a: Employee.objects.get_or_create(pk=a.hans.pk),
        IntegrityError,
    ),
    "get_or_create() of a foreign passport": (
        lambda a: Employee.objects.get_or_create(passport_id=a.hans.passport_id),
        IntegrityError,
    ),
    "update_or_create() of a foreign id": (
        lambda a: Employee.objects.update_or_create(
            pk=a.hans.pk, defaults={"full_name": "Taken"}
        ),
        IntegrityError,
    ),
    "update_or_create() into another business": (
        lambda a: Employee.objects.update_or_create(
            pk=a.john.pk, defaults={"business": a.globex.business}
        ),
        WrongBusiness,
    ),
    "a reference in a new row": (
        lambda a: WorkCardFactory(site=a.own_card.site, employee=a.hans),
        IntegrityError,
    ),
    "related create() for another business": (
        lambda a: a.john.work_cards.create(
            business=a.globex.business, site=a.own_card.site, processing_month=MONTH
        ),
        WrongBusiness,
    ),
    "related create() of a foreign row's": (
        lambda a: a.hans.work_cards.create(
            site=a.own_card.site,
            processing_month=MONTH,
            source="MANUAL",
            review_status="NEEDS_REVIEW",
        ),
        IntegrityError,
    ),
    "related add() of a foreign row": (
        lambda a: a.john.work_cards.add(a.card),
        None,
    ),
    "related add() one by one": (
        lambda a: a.john.work_cards.add(a.card, bulk=False),
        WrongBusiness,
    ),
    "related add() to a foreign row": (
        lambda a: a.hans.work_cards.add(a.own_card),
        IntegrityError,
    ),
    "related set() with a foreign row": (
        lambda a: a.john.work_cards.set([*a.john.work_cards.all(), a.card]),
        None,
    ),
    "related set() of a foreign row": (
        lambda a: a.hans.work_cards.set([]),
        None,
    ),
    "SQL: insert": (
        lambda a: insert_copy(Employee, a.globex.id),
        DatabaseError,
    ),
    "SQL: update": (
        lambda a: execute(
            "UPDATE employees SET full_name = '' WHERE id = %s", a.hans.pk
        ),
        NOTHING,
    ),
    "SQL: move": (
        lambda a: execute("UPDATE work_cards SET business_id = %s", a.globex.id),
        DatabaseError,
    ),
    "SQL: delete": (
        lambda a: execute("DELETE FROM work_cards WHERE id = %s", a.card.pk),
        NOTHING,
    ),
    "SQL: refer": (
        lambda a: execute("UPDATE work_cards SET employee_id = %s", a.hans.pk),
        IntegrityError,
    ),
    "SQL: take a foreign id": (
        lambda a: execute("UPDATE export_runs SET id = %s", a.foreign_run_id),
        IntegrityError,
    ),
}


def _with_own_business(row: Any, personas: Personas) -> Any:
    row.business = personas.business
    return row


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_reaches_for_another_business_writes_nothing(
    attack: str, attacker: Attacker
) -> None:
    run, outcome = ATTACKS[attack]
    theirs_before, own_before = all_of(attacker.globex), all_of(attacker.acme)
    with attacker.acme.scope():
        if isinstance(outcome, type):
            with pytest.raises(outcome), transaction.atomic():
                run(attacker)
        else:
            assert run(attacker) == outcome
    assert all_of(attacker.globex) == theirs_before, "another business was written to"
    if outcome is not None:
        assert all_of(attacker.acme) == own_before, "something was written"


@pytest.mark.parametrize("attack", ATTACKS)
def test_row_security_alone_lets_nothing_be_written_elsewhere(
    attack: str, attacker: Attacker
) -> None:
    run, _ = ATTACKS[attack]
    before = all_of(attacker.globex)
    with only("row_security"):
        with attacker.acme.scope(), suppress(*REJECTED), transaction.atomic():
            run(attacker)
        assert all_of(attacker.globex) == before, "another business was written to"


@pytest.mark.parametrize("attack", ATTACKS)
def test_composite_keys_alone_let_no_reference_cross(
    attack: str, attacker: Attacker
) -> None:
    run, _ = ATTACKS[attack]
    with only("composite_keys"):
        with attacker.acme.scope(), suppress(*REJECTED), transaction.atomic():
            run(attacker)
        with unscoped():
            assert crossing_references() == []


def test_the_manager_alone_stops_what_goes_through_it(attacker: Attacker) -> None:
    """The manager does not stop a row that was created in memory under a foreign id.

    The other two layers stop it.
    """
    before = all_of(attacker.globex)
    not_its_own = (
        *("past the", "SQL", "related", "reference"),
        *("under a foreign id", "must update", "some fields", "updates"),
    )
    with only("manager"):
        for attack, (run, _) in ATTACKS.items():
            if not any(word in attack for word in not_its_own):
                with attacker.acme.scope(), suppress(*REJECTED), transaction.atomic():
                    run(attacker)
                assert all_of(attacker.globex) == before, f"{attack} was written"
