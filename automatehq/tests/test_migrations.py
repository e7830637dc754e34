"""The step from one company to many businesses, on a database with a past: forward, back, and forward again."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from pytest_django import DjangoDbBlocker

from automatehq.tests import single_company
from automatehq.tests.migration_cases import CASES, SET_ASIDE
from automatehq.tests.scratch import (
    OURS,
    applied_migrations,
    migrate,
    migrate_to_single_company,
    scratch_database,
)
from businesses.models import DEFAULT_BUSINESS_ID, PLATFORM_ID
from businesses.tenancy.context import business_scope, platform_scope
from businesses.tenancy.errors import BusinessesWouldMerge

pytestmark = pytest.mark.migrations

TENANT_TABLES = [table for table in single_company.TABLES if table != "sites"]
BORN_LATER = ["approved_days", "migration_originals", "site_settings", "sign_ins"]
JSON_COLUMNS = ("metadata", "content", "changed")
ACME = uuid.UUID(int=0xACE)
Rows = dict[str, dict[str, str]]


@dataclass
class Journey:
    """A database that went forward, back and forward, and what was seen on the way."""

    company: single_company.Company
    columns: dict[str, str]
    before: Rows
    after: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    originals: list[dict[str, Any]] = field(default_factory=list)
    back: Rows = field(default_factory=dict)
    applied_before: list[Any] = field(default_factory=list)
    applied_back: list[Any] = field(default_factory=list)
    schema_before: list[Any] = field(default_factory=list)
    schema_back: list[Any] = field(default_factory=list)
    again: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def unblocked(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="module")
def journey(unblocked: None) -> Iterator[Journey]:
    with scratch_database():
        migrate_to_single_company()
        with connection.cursor() as cursor:
            company = single_company.build(cursor)
            columns = single_company.columns_of(cursor)
            seen = Journey(
                company,
                columns,
                before=single_company.rows_of(cursor, columns),
            )
        seen.applied_before, seen.schema_before = (
            applied_migrations(),
            schema(),
        )
        migrate()
        seen.after = everything()
        seen.originals = list(seen.after.pop("migration_originals").values())
        migrate("businesses", "zero")
        with connection.cursor() as cursor:
            seen.back = single_company.rows_of(cursor, columns)
        seen.applied_back, seen.schema_back = (
            applied_migrations(),
            schema(),
        )
        migrate()
        seen.again = everything()
        yield seen


def everything() -> dict[str, dict[str, dict[str, Any]]]:
    """Every row of every table of ours, by table and id."""
    found = {}
    with platform_scope("compare"), connection.cursor() as c:
        for table in [*single_company.TABLES, *BORN_LATER, "businesses"]:
            c.execute(f"SELECT * FROM {table}")
            names = [column.name for column in c.description]
            rows = [dict(zip(names, row, strict=True)) for row in c.fetchall()]
            for row in rows:
                row |= {n: json.loads(row[n]) for n in JSON_COLUMNS if row.get(n)}
            found[table] = {str(row["id"]): row for row in rows}
    return found


def schema() -> list[Any]:
    """Tables, columns, constraints, indexes, policies, functions and triggers, as the catalog describes them."""
    with connection.cursor() as cursor:
        cursor.execute(SCHEMA)
        return cursor.fetchall()


SCHEMA = """
SELECT 'column', table_name, column_name, data_type, character_maximum_length::text, is_nullable, column_default
    FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT 'constraint', conrelid::regclass::text, '', pg_get_constraintdef(oid), '', '', ''
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'index', tablename, '', regexp_replace(indexdef, 'INDEX \\S+ ON', 'INDEX ON'), '', '', ''
    FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'policy', tablename, policyname, cmd, '', '', '' FROM pg_policies
UNION ALL SELECT 'row security', relname, '', relrowsecurity::text, relforcerowsecurity::text, '', ''
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
UNION ALL SELECT 'function', proname, '', '', '', '', '' FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, '', '', '', '' FROM pg_trigger WHERE NOT tgisinternal
ORDER BY 1, 2, 3, 4, 5, 6, 7
"""


def test_models_and_migrations_agree(unblocked: None) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


# Forward


def test_the_company_has_hundreds_of_rows_in_every_table(journey: Journey) -> None:
    assert {
        table: len(rows) for table, rows in journey.before.items() if len(rows) < 100
    } == {}


@pytest.mark.parametrize("table", single_company.TABLES)
def test_no_row_is_lost(journey: Journey, table: str) -> None:
    kept = set(journey.after[table])
    set_aside = {
        str(original["row_id"])
        for original in journey.originals
        if original["table_name"] == table and original["changed"] is None
    }
    assert kept & set_aside == set()
    added = {
        identifier
        for identifier, row in journey.after[table].items()
        if row.get("event_type") == "ledger_backfill_conflict"
    }
    assert (kept | set_aside) - added == set(journey.before[table])


@pytest.mark.parametrize("table", [*TENANT_TABLES, "approved_days"])
def test_every_row_has_its_business(journey: Journey, table: str) -> None:
    rows = journey.after[table].values()
    assert rows
    strangers = {
        row["business_id"] for row in rows if row["business_id"] != DEFAULT_BUSINESS_ID
    }
    assert strangers <= ({PLATFORM_ID} if table in ("users", "audit_events") else set())


def test_super_admins_alone_are_in_platform(journey: Journey) -> None:
    users = journey.after["users"].values()
    assert {user["role"] for user in users if user["business_id"] == PLATFORM_ID} == {
        "SUPER_ADMIN"
    }
    assert {user["business_id"] for user in users if user["role"] == "SUPER_ADMIN"} == {
        PLATFORM_ID
    }


def test_an_event_is_of_its_actors_business(journey: Journey) -> None:
    users = journey.after["users"]
    for event in journey.after["audit_events"].values():
        actor = users.get(str(event["actor_id"]))
        expected = actor["business_id"] if actor else DEFAULT_BUSINESS_ID
        assert event["business_id"] == expected


def test_sites_get_the_default_business_as_steward(journey: Journey) -> None:
    assert {site["steward_id"] for site in journey.after["sites"].values()} == {
        DEFAULT_BUSINESS_ID
    }


@pytest.mark.parametrize(
    ("table", "case"), [(table, case) for table in CASES for case in CASES[table]]
)
def test_what_becomes_of_a_row(journey: Journey, table: str, case: str) -> None:
    given, expected = CASES[table][case]
    identifier = str(journey.company.id_of(table, case))
    row = journey.after[table].get(identifier)
    if expected is SET_ASIDE:
        assert row is None
    else:
        assert row is not None
        wanted = {**given, **expected}
        assert {name: plain(row[name]) for name in wanted} == {
            name: plain(value) for name, value in wanted.items()
        }


def plain(value: Any) -> Any:
    """Figures and times as one type each, whichever way they were written."""
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
    journey: Journey, table: str
) -> None:
    """Rows without an original are what they were, but for the new columns."""
    with_original = {
        str(o["row_id"]) for o in journey.originals if o["table_name"] == table
    }
    assert {str(o["business_id"]) for o in journey.originals} == {
        str(DEFAULT_BUSINESS_ID)
    }
    with (
        platform_scope("compare"),
        connection.cursor() as cursor,
    ):
        now = single_company.rows_of(cursor, {table: journey.columns[table]})[table]
    before = journey.before[table]
    assert {i for i in before if before[i] != now.get(i)} == with_original


def test_originals_hold_no_passwords(journey: Journey) -> None:
    people = [o for o in journey.originals if o["table_name"] == "users"]
    assert people
    assert not any("password" in original["content"] for original in people)


def test_names_stand_beside_the_people_of_a_card(journey: Journey) -> None:
    users, cards = journey.after["users"], journey.after["work_cards"].values()
    for column in ("uploaded_by", "approved_by"):
        assert any(card[f"{column}_id"] for card in cards)
        for card in cards:
            user = users.get(str(card[f"{column}_id"]))
            expected = (user["full_name"] or user["email"] or "") if user else ""
            assert card[f"{column}_name"] == expected


def test_runs_with_a_file_are_done_and_the_others_failed(journey: Journey) -> None:
    for run in journey.after["export_runs"].values():
        assert run["status"] == ("DONE" if run["file"] else "FAILED")
        assert bool(run["error"]) == (run["status"] == "FAILED")
        assert run["finished_at"] == run["created_at"]


# The ledger


def approved_dates(seen: Journey) -> dict[tuple[Any, Any], list[dict[str, Any]]]:
    """(employee, date) → the approved entries of it with their cards, the winner first."""
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


def test_the_latest_approved_card_is_paid_and_no_other(journey: Journey) -> None:
    ledger = {
        (row["employee_id"], row["work_date"]): row
        for row in journey.after["approved_days"].values()
    }
    assert len(ledger) == len(journey.after["approved_days"])
    approved = approved_dates(journey)
    assert set(ledger) == set(approved)
    for key, (winner, *_) in approved.items():
        row = ledger[key]
        assert row["work_card_id"] == winner["card"]["id"]
        assert row["hours"] == winner["total_hours"]
        for name in ("from_time", "to_time", "break_minutes", "day_status"):
            assert row[name] == winner[name]
        for name in ("site_id", "approved_at", "approved_by_id", "approved_by_name"):
            assert row[name] == winner["card"][name]


def test_every_day_that_is_not_paid_is_an_audit_event(journey: Journey) -> None:
    losers = {
        (entry["card"]["id"], str(entry["work_date"])): (winner, entry)
        for winner, *others in approved_dates(journey).values()
        for entry in others
    }
    events = {
        (event["work_card_id"], event["metadata"]["date"]): event
        for event in journey.after["audit_events"].values()
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


# Back, and forward again


@pytest.mark.parametrize("table", single_company.TABLES)
def test_the_way_back_gives_every_row_as_it_was(journey: Journey, table: str) -> None:
    assert journey.back[table] == journey.before[table]


def test_the_way_back_leaves_nothing_of_tenancy(journey: Journey) -> None:
    assert journey.schema_back == journey.schema_before
    assert journey.applied_back == journey.applied_before


def test_going_forward_again_gives_the_same(journey: Journey) -> None:
    made_anew = {"id", "created_at"}
    for table, rows in journey.after.items():
        again = journey.again[table]
        if table == "approved_days":
            assert comparable(rows, made_anew) == comparable(again, made_anew)
            continue
        conflicts = {"event_type": "ledger_backfill_conflict"}
        stays = [
            {i: r for i, r in side.items() if not conflicts.items() <= r.items()}
            for side in (rows, again)
        ]
        if table == "businesses":
            stays = [comparable(side, {"created_at", "updated_at"}) for side in stays]
        assert stays[0] == stays[1]
        assert len(rows) == len(again)


def comparable(rows: dict[str, dict[str, Any]], without: set[str]) -> list[str]:
    return sorted(
        str(sorted((name, str(row[name])) for name in row.keys() - without))
        for row in rows.values()
    )


# What came after


@pytest.fixture
def copy(journey: Journey) -> Iterator[None]:
    """The migrated database, for a test to spoil."""
    with scratch_database(copy=True):
        yield


def in_business(*statements: str, **ids: Any) -> None:
    """Run statements in the scope of the default business; `%(name)s` stands for an id."""
    with (
        business_scope(ids.pop("business", DEFAULT_BUSINESS_ID)),
        connection.cursor() as cursor,
    ):
        for statement in statements:
            cursor.execute(statement, ids)
            assert cursor.rowcount, statement


def one_row(query: str, *params: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return cursor.fetchone()


def test_what_came_after_survives_the_way_back(journey: Journey, copy: None) -> None:
    of = journey.company.id_of
    new_card, user = journey.company.new_id(), journey.company.new_id()
    in_business(
        "INSERT INTO work_cards (id, business_id, site_id, employee_id, processing_month, source, review_status, version, "
        "uploaded_by_name, approved_by_name, approved_at, rejected_reason, notes, original_filename, mime_type, sha256_hash, "
        "created_at, updated_at) SELECT %(new_card)s, business_id, site_id, id, '2025-01-01', 'MANUAL', 'APPROVED', 3, "
        "'Dana', 'Dana', now(), '', 'new', '', '', '', now(), now() FROM employees WHERE id = %(employee)s",
        "INSERT INTO work_card_day_entries (id, business_id, work_card_id, work_date, break_minutes, total_hours, comment) "
        "SELECT id, business_id, id, '2025-01-02', 0, 9, '' FROM work_cards WHERE id = %(new_card)s",
        "INSERT INTO approved_days (id, business_id, employee_id, site_id, work_card_id, work_date, break_minutes, hours, "
        "approved_by_name, approved_at) SELECT id, business_id, employee_id, site_id, id, '2025-01-02', 0, 9, 'Dana', now() "
        "FROM work_cards WHERE id = %(new_card)s",
        employee=of("employees", "external id, first"),
        new_card=new_card,
    )
    # A person is released, and one who had lost an e-mail to a twin finds it taken by somebody new.
    in_business(
        "UPDATE users SET email = NULL, is_active = false WHERE id = %(released)s",
        "UPDATE users SET email = 'left@mizhav.example' WHERE id = %(twin)s",
        "INSERT INTO users (id, business_id, password, email, full_name, role, is_active, acting_reason, created_at, "
        "updated_at) VALUES (%(user)s, %(mizhav)s, '', 'tWin@mizhav.example', 'New', 'VIEWER', true, '', now(), now())".replace(
            "tWin", "twin"
        ),
        "UPDATE employees SET former_passport_id = passport_id, passport_id = NULL, is_active = false "
        "WHERE id = %(worker)s",
        released=of("users", "plain"),
        twin=of("users", "twin, the first"),
        user=user,
        mizhav=DEFAULT_BUSINESS_ID,
        worker=of("employees", "passport with a hidden mark"),
    )
    # Cards that the step had changed are worked on; one whose days it had set aside is deleted.
    shared = of("work_cards", "shared")
    in_business(
        "UPDATE work_cards SET notes = 'seen' WHERE id = %(snapped)s",
        "UPDATE work_cards SET review_status = 'REJECTED' WHERE id = %(unknown)s",
        "DELETE FROM work_card_day_entries WHERE work_card_id = %(shared)s",
        "DELETE FROM work_cards WHERE id = %(shared)s",
        snapped=of("work_cards", "month in the middle"),
        unknown=of("work_cards", "unknown status"),
        shared=shared,
    )

    migrate("businesses", "zero")

    def value(table: str, column: str, identifier: Any) -> Any:
        found = one_row(f"SELECT {column} FROM {table} WHERE id = %s", identifier)
        return found and found[0]

    assert value("work_cards", "notes", new_card) == "new"
    assert value("work_card_day_entries", "total_hours", new_card) == 9
    placeholder = f"released-{of('users', 'plain')}@automatehq.invalid"
    assert value("users", "email", of("users", "plain")) == placeholder
    assert value("users", "is_active", of("users", "plain")) is False
    assert value("users", "email", user) == "twin@mizhav.example"
    first, second = of("users", "twin, the first"), of("users", "twin, the second")
    assert value("users", "email", first) == "left@mizhav.example"
    assert value("users", "email", second) == "tWin@mizhav.example"
    worker = of("employees", "passport with a hidden mark")
    assert value("employees", "passport_id", worker) == "D1234567"
    snapped = of("work_cards", "month in the middle")
    assert str(value("work_cards", "processing_month", snapped)) == "2024-03-17"
    assert value("work_cards", "notes", snapped) == "seen"
    unknown = of("work_cards", "unknown status")
    assert value("work_cards", "review_status", unknown) == "REJECTED"
    assert value("work_cards", "id", shared) is None

    migrate()
    again = everything()
    assert again["users"][str(of("users", "plain"))]["email"] is None
    assert any(
        row["work_card_id"] == new_card for row in again["approved_days"].values()
    )


# What is refused


def make_acme(*, with_rows: bool) -> None:
    with (
        platform_scope("a test"),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO businesses SELECT (jsonb_populate_record(b, %s)).* FROM businesses b WHERE id = %s",
            [f'{{"id": "{ACME}", "business_name": "Acme"}}', DEFAULT_BUSINESS_ID],
        )
    if with_rows:
        in_business(
            "INSERT INTO employees (id, business_id, full_name, phone_number, is_active, created_at, updated_at) "
            "VALUES (gen_random_uuid(), %(acme)s, 'Jane', '', true, now(), now())",
            business=ACME,
            acme=ACME,
        )


@pytest.mark.parametrize(
    "target", [("businesses", "zero"), ("workcards", "0001"), ("audit", "0004")]
)
def test_going_back_never_merges_businesses(
    copy: None, target: tuple[str, str]
) -> None:
    make_acme(with_rows=True)
    state = applied_migrations(), schema(), everything()
    with pytest.raises(BusinessesWouldMerge) as refusal:
        migrate(*target)
    assert "would merge 2 businesses" in str(refusal.value)
    assert "Acme: employees" in str(refusal.value)
    assert (applied_migrations(), schema(), everything()) == state


def test_each_migration_refuses_by_itself(copy: None) -> None:
    """Also when something else than `migrate` runs them."""
    make_acme(with_rows=True)
    for app in OURS:
        with pytest.raises(BusinessesWouldMerge):
            MigrationExecutor(connection).migrate([(app, "0003_backfill")])


def test_a_business_without_rows_does_not_hinder(copy: None) -> None:
    make_acme(with_rows=False)
    migrate("businesses", "zero")


def test_undoing_what_merges_nothing_is_allowed(copy: None) -> None:
    make_acme(with_rows=True)
    migrate("sessions", "zero")
    migrate()


@pytest.mark.parametrize("app", [*OURS, "businesses"])
def test_every_app_can_go_to_zero(copy: None, app: str) -> None:
    migrate(app, "zero")
    assert app not in dict(applied_migrations())
    migrate()


@pytest.mark.parametrize(
    ("setting", "role", "sentence"),
    [
        ("TENANCY_TENANT_ROLE", "nobody_made_me", "nobody_made_me does not exist"),
        ("TENANCY_PLATFORM_ROLE", "pg_monitor", "not a member of pg_monitor"),
    ],
)
def test_a_missing_role_stops_the_step_with_the_sql_to_run(
    unblocked: None, settings: Any, setting: str, role: str, sentence: str
) -> None:
    setattr(settings, setting, role)
    with scratch_database():
        with pytest.raises(ImproperlyConfigured, match=sentence) as refusal:
            MigrationExecutor(connection).migrate([("businesses", "0001_initial")])
        assert f'CREATE ROLE "{role}" NOLOGIN' in str(refusal.value)
        assert applied_migrations() == []
        assert "businesses" not in connection.introspection.table_names()
