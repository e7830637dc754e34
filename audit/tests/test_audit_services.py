"""Tests of the actor and the contents of an event."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest

from accounts.tests.personas import Personas
from audit.services import record, to_json
from businesses.tenancy.context import set_current_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("here", "named", "whose"),
    [
        (None, None, None),
        (None, "reviewer", "reviewer"),
        ("admin", None, "admin"),
        ("admin", "reviewer", "reviewer"),
    ],
)
def test_an_act_is_of_who_is_named_or_else_of_who_acts_here(
    acme: Personas, here: str | None, named: str | None, whose: str | None
) -> None:
    with acme.scope():
        if here:
            set_current_user(getattr(acme, here))
        event = record(
            "user_updated",
            entity=acme.viewer,
            actor=getattr(acme, named) if named else None,
        )
        event.refresh_from_db()
    actor = getattr(acme, whose) if whose else None
    expected = (actor.pk, str(actor)) if actor else (None, "")
    assert (event.actor_id, event.actor_label) == expected
    assert not event.cross_business


def test_values_are_kept_as_json_knows_them(acme: Personas) -> None:
    there = uuid.UUID(int=7)
    assert to_json(
        {
            "who": acme.viewer,
            there: (Decimal("7.50"), dt.date(2026, 6, 1)),
            "more": [dt.time(7, 30), None, True, 3, "text"],
        }
    ) == {
        "who": str(acme.viewer.pk),
        str(there): ["7.50", "2026-06-01"],
        "more": ["07:30:00", None, True, 3, "text"],
    }
