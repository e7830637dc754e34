"""The migration from one company to many businesses, on a populated database."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command

from businesses.models import DEFAULT_BUSINESS_ID, PLATFORM_ID
from tests import single_company
from tests.migration_cases import CASES, SET_ASIDE
from tests.migration_roundtrip import RoundTrip

pytestmark = pytest.mark.migrations

TENANT_TABLES = [table for table in single_company.TABLES if table != "sites"]


def test_models_and_migrations_agree(unblocked: None) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


# Forward


def test_the_company_has_hundreds_of_rows_in_every_table(round_trip: RoundTrip) -> None:
    assert {
        table: len(rows)
        for table, rows in round_trip.before.rows.items()
        if len(rows) < 100
    } == {}


@pytest.mark.parametrize("table", single_company.TABLES)
def test_no_row_is_lost(round_trip: RoundTrip, table: str) -> None:
    kept = set(round_trip.after[table])
    set_aside = {
        str(original["row_id"])
        for original in round_trip.originals
        if original["table_name"] == table and original["changed"] is None
    }
    assert kept & set_aside == set()
    added = {
        identifier
        for identifier, row in round_trip.after[table].items()
        if row.get("event_type") == "ledger_backfill_conflict"
    }
    assert (kept | set_aside) - added == set(round_trip.before.rows[table])


@pytest.mark.parametrize("table", [*TENANT_TABLES, "approved_days"])
def test_every_row_has_its_business(round_trip: RoundTrip, table: str) -> None:
    rows = round_trip.after[table].values()
    assert rows
    strangers = {
        row["business_id"] for row in rows if row["business_id"] != DEFAULT_BUSINESS_ID
    }
    assert strangers <= ({PLATFORM_ID} if table in ("users", "audit_events") else set())


def test_super_admins_alone_are_in_platform(round_trip: RoundTrip) -> None:
    users = round_trip.after["users"].values()
    assert {user["role"] for user in users if user["business_id"] == PLATFORM_ID} == {
        "SUPER_ADMIN"
    }
    assert {user["business_id"] for user in users if user["role"] == "SUPER_ADMIN"} == {
        PLATFORM_ID
    }


def test_an_event_is_of_its_actors_business(round_trip: RoundTrip) -> None:
    users = round_trip.after["users"]
    for event in round_trip.after["audit_events"].values():
        actor = users.get(str(event["actor_id"]))
        expected = actor["business_id"] if actor else DEFAULT_BUSINESS_ID
        assert event["business_id"] == expected


def test_sites_get_the_default_business_as_steward(round_trip: RoundTrip) -> None:
    assert {site["steward_id"] for site in round_trip.after["sites"].values()} == {
        DEFAULT_BUSINESS_ID
    }


@pytest.mark.parametrize(
    ("table", "case"), [(table, case) for table in CASES for case in CASES[table]]
)
def test_what_becomes_of_a_row(round_trip: RoundTrip, table: str, case: str) -> None:
    given, expected = CASES[table][case]
    identifier = str(round_trip.company.id_of(table, case))
    row = round_trip.after[table].get(identifier)
    if expected is SET_ASIDE:
        assert row is None
    else:
        assert row is not None
        wanted = {**given, **expected}
        assert {name: plain(row[name]) for name in wanted} == {
            name: plain(value) for name, value in wanted.items()
        }


def plain(value: Any) -> Any:
    """Return numbers and times as one type each, for any notation."""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return Decimal(str(value)).quantize(Decimal("0.01"))
    text = str(value)
    if len(text) == 5 and text[2] == ":":
        return f"{text}:00"
    return (
        plain(Decimal(text))
        if text.replace(".", "").isdigit() and "." in text
        else text
    )


@pytest.mark.parametrize("table", single_company.TABLES)
def test_whatever_was_changed_or_removed_is_kept_as_it_was(
    round_trip: RoundTrip, table: str
) -> None:
    """Rows without an original are unchanged, except for the new columns."""
    with_original = {
        str(o["row_id"])
        for o in round_trip.originals
        if o["table_name"] in (table, f"{table} text")
    }
    assert {str(o["business_id"]) for o in round_trip.originals} == {
        str(DEFAULT_BUSINESS_ID)
    }
    now = round_trip.rows_after_as_before[table]
    before = round_trip.rows_before_as_after[table]
    assert {i for i in before if before[i] != now.get(i)} == with_original


def test_each_user_has_an_account_with_the_password_of_before(
    round_trip: RoundTrip,
) -> None:
    users = round_trip.after["users"]
    assert {user_id: email for user_id, (email, _) in round_trip.accounts.items()} == {
        user_id: row["email"] for user_id, row in users.items()
    }
    for user_id, (_, password) in round_trip.accounts.items():
        assert password in round_trip.before.rows["users"][user_id]
    accounts = {row["account_id"] for row in users.values()}
    assert len(accounts) == len(users)
    assert not accounts & {row["id"] for row in users.values()}


def test_originals_hold_no_passwords(round_trip: RoundTrip) -> None:
    people = [o for o in round_trip.originals if o["table_name"] == "users"]
    assert people
    assert not any("password" in original["content"] for original in people)


def test_names_stand_beside_the_people_of_a_card(round_trip: RoundTrip) -> None:
    users, cards = round_trip.after["users"], round_trip.after["work_cards"].values()
    for column in ("uploaded_by", "approved_by"):
        assert any(card[f"{column}_id"] for card in cards)
        for card in cards:
            user = users.get(str(card[f"{column}_id"]))
            expected = (user["full_name"] or user["email"] or "") if user else ""
            assert card[f"{column}_name"] == expected


def test_runs_with_a_file_are_done_and_the_others_failed(round_trip: RoundTrip) -> None:
    for run in round_trip.after["export_runs"].values():
        assert run["status"] == ("DONE" if run["file"] else "FAILED")
        assert bool(run["error"]) == (run["status"] == "FAILED")
        assert run["finished_at"] == run["created_at"]


# The ledger


def approved_dates(seen: RoundTrip) -> dict[tuple[Any, Any], list[dict[str, Any]]]:
    """Return the approved entries with cards by (employee, date), the winner first."""
    cards = seen.after["work_cards"]
    found: dict[tuple[Any, Any], list[dict[str, Any]]] = {}
    for day in seen.after["work_card_day_entries"].values():
        card = cards[str(day["work_card_id"])]
        if card["review_status"] == "APPROVED":
            key = (card["employee_id"], day["work_date"])
            found.setdefault(key, []).append({**day, "card": card})
    for entries in found.values():
        entries.sort(
            key=lambda e: (e["card"]["approved_at"], e["card"]["id"].int), reverse=True
        )
    return found


def test_the_latest_approved_card_is_paid_and_no_other(round_trip: RoundTrip) -> None:
    ledger = {
        (row["employee_id"], row["work_date"]): row
        for row in round_trip.after["approved_days"].values()
    }
    assert len(ledger) == len(round_trip.after["approved_days"])
    approved = approved_dates(round_trip)
    assert set(ledger) == set(approved)
    for key, (winner, *_) in approved.items():
        row = ledger[key]
        assert row["work_card_id"] == winner["card"]["id"]
        assert row["hours"] == winner["total_hours"]
        for name in ("from_time", "to_time", "break_minutes", "day_status"):
            assert row[name] == winner[name]
        for name in ("site_id", "approved_at", "approved_by_id", "approved_by_name"):
            assert row[name] == winner["card"][name]


def test_every_day_that_is_not_paid_is_an_audit_event(round_trip: RoundTrip) -> None:
    losers = {
        (entry["card"]["id"], str(entry["work_date"])): (winner, entry)
        for winner, *others in approved_dates(round_trip).values()
        for entry in others
    }
    events = {
        (event["work_card_id"], event["metadata"]["date"]): event
        for event in round_trip.after["audit_events"].values()
        if event["event_type"] == "ledger_backfill_conflict"
    }
    assert len(losers) > 20
    assert set(events) == set(losers)
    for key, (winner, loser) in losers.items():
        told = events[key]["metadata"]
        for side, entry in (("kept", winner), ("dropped", loser)):
            assert told[side]["work_card"] == str(entry["card"]["id"])
            hours = entry["total_hours"]
            assert told[side]["hours"] == (None if hours is None else str(hours))
        assert events[key]["employee_id"] == loser["card"]["employee_id"]
        assert events[key]["business_id"] == DEFAULT_BUSINESS_ID
