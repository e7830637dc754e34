"""Whose act an event is."""

import pytest

from accounts.tests.personas import Personas
from audit.services import record
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
    told = (actor.pk, str(actor)) if actor else (None, "")
    assert (event.actor_id, event.actor_label) == told
    assert not event.cross_business
