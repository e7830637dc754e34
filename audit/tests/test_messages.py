"""Tests that each event type has a sentence, and of the descriptions of events."""

import ast
from collections.abc import Iterator
from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.utils import translation

from accounts.models import User
from accounts.tests.factories import UserFactory
from accounts.tests.personas import Personas
from audit.descriptions import describe_events, event_label, model_label
from audit.event_messages import EVENT_MESSAGES
from audit.models import AuditEvent
from audit.services import record
from businesses.tenancy.context import business_scope
from tests.api_helpers import queries
from workcards import services
from workcards.tests.factories import MONTH, DayEntryFactory, WorkCardFactory
from workforce.tests.factories import (
    EmployeeFactory,
    SiteFactory,
    SiteSettingsFactory,
)

# Event types of the migration that created the ledger; it writes them in SQL.
OF_MIGRATIONS = {"ledger_backfill_conflict", "ledger_backfill_set_aside"}


# The table of sentences


def sources() -> Iterator[tuple[Path, ast.AST]]:
    for config in apps.get_app_configs():
        if Path(config.path).parent == settings.BASE_DIR:
            yield from _parsed(config.label)


def _parsed(app: str) -> Iterator[tuple[Path, ast.AST]]:
    for path in (Path(settings.BASE_DIR) / app).rglob("*.py"):
        if not {"tests", "migrations"} & set(path.parts):
            yield path, ast.parse(path.read_text("utf-8"))


def event_types() -> dict[str, str]:
    """Return every event type in the code, with the file that writes it.

    The types are the values of arguments called `event_type`, positional or by keyword.
    """
    trees = list(sources())
    places: dict[str, int] = {}
    for _, tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                names = [one.arg for one in node.args.args if one.arg != "self"]
                if "event_type" in names:
                    places[node.name] = names.index("event_type")
    found: dict[str, str] = {}
    for path, tree in trees:
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef):
                continue
            for call in ast.walk(function):
                if isinstance(call, ast.Call):
                    for value in _event_types_of(call, places):
                        for text in _texts(value, function):
                            found[text] = f"{path.name}:{call.lineno}"
    return found


def _event_types_of(call: ast.Call, places: dict[str, int]) -> Iterator[ast.expr]:
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    place = places.get(name)
    if place is not None and len(call.args) > place:
        yield call.args[place]
    for keyword in call.keywords:
        # Filters of querysets also have an `event_type`; its values are written elsewhere.
        if keyword.arg == "event_type" and name != "filter":
            yield keyword.value


def _texts(value: ast.expr, function: ast.FunctionDef) -> Iterator[str]:
    """Yield the possible constants of an expression.

    They are the constant, both sides of a conditional expression, or the values of a local variable.
    """
    if isinstance(value, ast.Name):
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and any(
                getattr(target, "id", "") == value.id for target in node.targets
            ):
                yield from _texts(node.value, function)
        return
    for node in [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_event_type_has_a_sentence_and_none_is_left_over() -> None:
    written = event_types()
    assert len(written) > 35
    missing = {one: at for one, at in written.items() if one not in EVENT_MESSAGES}
    assert missing == {}
    assert set(EVENT_MESSAGES) - set(written) == OF_MIGRATIONS


@pytest.mark.parametrize("language", ["en", "he"])
@pytest.mark.parametrize("event_type", EVENT_MESSAGES)
def test_a_sentence_names_nothing_that_there_is_not(
    event_type: str, language: str
) -> None:
    known = dict.fromkeys(("who", "what", "employee", "site", "month"), "x")
    with translation.override(language):
        sentence = EVENT_MESSAGES[event_type]
        for text in filter(None, sentence):
            assert "%(" not in str(text) % known
        assert "%" not in event_label(event_type)


# Descriptions


def sentence_of(event: AuditEvent) -> str:
    (one,) = describe_events([event])
    return one.sentence.replace("<bdi>", "").replace("</bdi>", "")


def changes_of(event: AuditEvent) -> list[tuple[str, str, str]]:
    (one,) = describe_events([event])
    return [(change.label, change.old, change.new) for change in one.changes]


def newest(event_type: str) -> AuditEvent:
    event: AuditEvent = AuditEvent.objects.of_type(event_type, limit=1).get()
    return event


def test_an_approval_is_a_sentence(acme: Personas) -> None:
    with acme.scope():
        User.objects.filter(pk=acme.reviewer.pk).update(full_name="Dana Reviewer")
        acme.reviewer.refresh_from_db()
        card = WorkCardFactory(employee=EmployeeFactory(full_name="John Example"))
        DayEntryFactory(work_card=card)
        services.approve_card(
            card_id=card.pk, version=card.version, actor=acme.reviewer
        )
        event = newest("card_approved")
        assert (
            sentence_of(event)
            == "Dana Reviewer approved the card of John Example for June 2026"
        )
        assert ("Status", "Needs review", "Approved") in changes_of(event)
        with translation.override("he"):
            (label, _, new) = changes_of(event)[0]
            assert "Approved" not in (label, new)


def test_days_are_told_in_lines(acme: Personas) -> None:
    with acme.scope():
        entry = DayEntryFactory()
        card = entry.work_card
        services.set_day_entries(
            card_id=card.pk,
            version=card.version,
            actor=acme.reviewer,
            entries=[
                {
                    "work_date": entry.work_date,
                    "from_time": time(7),
                    "to_time": time(16),
                    "break_minutes": 30,
                },
                {
                    "work_date": entry.work_date.replace(day=20),
                    "day_status": "SICK",
                },
            ],
        )
        changes = {
            label: (old, new) for label, old, new in changes_of(newest("days_updated"))
        }
    assert changes["20 June"] == ("–", "<bdi>Sick</bdi>")
    # The times keep their order in right-to-left text.
    assert changes[f"{entry.work_date.day} June"][1] == (
        '<bdi dir="ltr">07:00–16:00</bdi>, break 30, <bdi>8.50</bdi>'
    )


def test_what_was_empty_and_is_still_is_not_told(acme: Personas) -> None:
    with acme.scope():
        services.create_manual_card(
            site=SiteFactory(),
            employee=EmployeeFactory(),
            month=MONTH,
            notes="",
            actor=acme.admin,
        )
        labels = [label for label, _, _ in changes_of(newest("card_created"))]
    assert "Site" in labels
    assert "Notes" not in labels


def test_a_remark_on_a_day_is_no_markup(acme: Personas) -> None:
    with acme.scope():
        card = DayEntryFactory().work_card
        services.set_day_entries(
            card_id=card.pk,
            version=card.version,
            actor=acme.reviewer,
            entries=[
                {
                    "work_date": card.processing_month.replace(day=20),
                    "total_hours": Decimal(8),
                    "comment": "<b>late</b>",
                }
            ],
            keep_others=True,
        )
        ((_, _, new),) = changes_of(newest("days_updated"))
    assert new == "<bdi>8.00</bdi>, <bdi>&lt;b&gt;late&lt;/b&gt;</bdi>"


def test_a_card_that_was_nobodys_is_told_by_its_site(acme: Personas) -> None:
    with acme.scope():
        card = WorkCardFactory(
            employee=None,
            review_status="NEEDS_ASSIGNMENT",
            site=SiteFactory(site_name="Example Quay"),
        )
        services.reject_card(card_id=card.pk, reason="blank", actor=acme.reviewer)
        event = newest("card_rejected")
        assert sentence_of(event).endswith(
            "rejected a card for June 2026 at Example Quay"
        )
        employee = EmployeeFactory(full_name="John Example")
        services.reopen_card(card_id=card.pk, reason="not blank", actor=acme.reviewer)
        services.assign_card(card_id=card.pk, employee=employee, actor=acme.reviewer)
        assert ("Employee", "–", "John Example") in changes_of(newest("card_assigned"))
        (one,) = describe_events([newest("card_reopened")])
        assert one.reason == "not blank"


def test_references_are_told_by_name_and_flags_by_word(acme: Personas) -> None:
    with acme.scope():
        john = EmployeeFactory(full_name="John Example")
        rows = SiteSettingsFactory()
        event = record(
            "site_settings_updated",
            entity=rows,
            before={"responsible_employee_id": None, "is_hidden": False},
            after={"responsible_employee_id": john.pk, "is_hidden": True},
        )
        assert [one[1:] for one in changes_of(event)] == [
            ("–", "John Example"),
            ("no", "yes"),
        ]
        assert sentence_of(event).startswith("AutomateHQ changed the settings of")


def test_another_businesss_employee_stays_without_a_name(
    acme: Personas, globex: Personas
) -> None:
    with globex.scope():
        theirs = EmployeeFactory(full_name="Secret Person")
    with business_scope(acme.business.pk):
        event = record("card_assigned", entity=WorkCardFactory(), employee_id=theirs.pk)
        assert "Secret" not in sentence_of(event)


def test_rows_are_called_in_the_trail_what_they_are_called_elsewhere(
    acme: Personas,
) -> None:
    """The names that PostgreSQL computes equal those of `str()`."""
    with acme.scope():
        nameless = UserFactory(business=acme.business, full_name="")
        card = WorkCardFactory()
        for user in (acme.admin, nameless):
            record("card_created", entity=card, after={"uploaded_by_id": user.pk})
        record("card_created", entity=card, after={"site_id": card.site_id})
        record("card_created", entity=card, after={"employee_id": card.employee_id})
        names = {
            one[2] for event in AuditEvent.objects.all() for one in changes_of(event)
        }
        named = {acme.admin, nameless, card.site, card.employee}
        assert {str(row) for row in named} <= names


def test_what_is_in_an_event_is_text_and_never_markup(acme: Personas) -> None:
    with acme.scope():
        event = record(
            "employee_updated",
            entity=EmployeeFactory(full_name="<b>J</b> %(who)s"),
            actor=acme.admin,
        )
        (one,) = describe_events([event])
    assert "&lt;b&gt;J&lt;/b&gt; %(who)s" in one.sentence


def test_an_event_of_an_older_version_is_told_plainly(acme: Personas) -> None:
    with acme.scope():
        event = record("card_scanned", entity=EmployeeFactory(full_name="John"))
        assert sentence_of(event) == "AutomateHQ: card_scanned John"
        assert event_label("card_scanned") == "card_scanned"
    assert model_label("workcard") == "Work card"
    assert model_label("drawing") == "drawing"


@pytest.mark.parametrize("count", [1, 20])
def test_many_events_cost_what_one_costs(acme: Personas, count: int) -> None:
    """One query reads all names, for any number of rows and models."""
    with acme.scope():
        for _ in range(count):
            record(
                "employee_updated",
                entity=(employee := EmployeeFactory()),
                employee_id=employee.pk,
                before={"site_id": SiteFactory().pk},
                after={"site_id": SiteFactory().pk},
            )
            card = WorkCardFactory()
            record(
                "card_created",
                entity=card,
                after={"uploaded_by_id": acme.admin.pk},
            )
        events: list[Any] = list(AuditEvent.objects.recent())
        assert queries(lambda: describe_events(events)) == 1
