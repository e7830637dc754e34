"""The data of a company in the single-company schema, with its irregularities.

`build` fills the tables of the `0001_initial` migrations with the rows of `migration_cases`. It adds hundreds of random
rows, the same each time. The random rows must obey the rules after the migration and come back unchanged.
"""

import random
import uuid
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from psycopg2.extras import Json, execute_values

from tests.migration_cases import CASES, LONG_AGO, MARCH, Row

TABLES = (
    "users",
    "sites",
    "employees",
    "work_card_files",
    "work_cards",
    "work_card_day_entries",
    "export_runs",
    "audit_events",
)


class Company:
    """The rows to insert, by table; `id_of` returns the id of a case's row."""

    def __init__(self, seed: int = 7) -> None:
        self.random = random.Random(seed)
        self.rows: dict[str, list[Row]] = {table: [] for table in TABLES}
        self.cases: dict[tuple[str, str], uuid.UUID] = {}

    def id_of(self, table: str, case: str) -> uuid.UUID:
        return self.cases[table, case]

    def add(self, table: str, **given: Any) -> uuid.UUID:
        """Add a row to `table`, valid except for the values in `given`."""
        row = {"id": self.new_id(), **DEFAULTS[table](self), **given}
        self.rows[table].append(row)
        identifier: uuid.UUID = row["id"]
        return identifier

    def new_id(self) -> uuid.UUID:
        return uuid.UUID(int=self.random.getrandbits(128), version=4)

    def moment(self) -> datetime:
        return LONG_AGO + timedelta(seconds=self.random.random() * 3e7)

    def any(self, table: str) -> uuid.UUID:
        identifier: uuid.UUID = self.random.choice(self.rows[table])["id"]
        return identifier

    def perhaps(self, value: Any, otherwise: Any = None, chance: float = 0.5) -> Any:
        return value if self.random.random() < chance else otherwise


def _user(c: Company) -> Row:
    number = len(c.rows["users"])
    return {
        "password": f"argon2$secret-{number}",
        "last_login": c.perhaps(c.moment()),
        "email": f"person{number}@mizhav.example",
        "phone_number": None,
        "full_name": c.perhaps(f"Person {number}", "", 0.95),
        "role": c.random.choice(["ADMIN", "REVIEWER", "UPLOADER", "VIEWER"]),
        "is_active": True,
        "created_at": LONG_AGO + timedelta(days=1),
        "updated_at": c.moment(),
    }


def _site(c: Company) -> Row:
    number = len(c.rows["sites"])
    return {
        "site_name": f"Construction Site {number}",
        "site_code": c.perhaps(f"S{number}"),
        "address": "Herzl 1, חיפה",
        "is_active": c.random.random() < 0.9,
        "created_at": c.moment(),
        "updated_at": c.moment(),
    }


def _employee(c: Company) -> Row:
    number = len(c.rows["employees"])
    return {
        "site_id": c.any("sites"),
        "full_name": f"Worker {number}",
        "passport_id": c.perhaps(f"P{number:07}"),
        "external_employee_id": c.perhaps(f"E{number}"),
        "phone_number": c.perhaps("050 555 0102", ""),
        "is_active": True,
        "created_at": LONG_AGO + timedelta(days=1),
        "updated_at": c.moment(),
    }


def _file(c: Company) -> Row:
    return {
        "original": f"cards/{c.new_id()}.jpg",
        "mime_type": "image/jpeg",
        "file_size_bytes": c.random.randrange(10_000_000),
        "sha256_hash": f"{c.random.getrandbits(256):064x}",
        "created_at": c.moment(),
    }


def _card(c: Company) -> Row:
    return {
        "site_id": c.any("sites"),
        "employee_id": c.any("employees"),
        "processing_month": MARCH,
        "source": "MANUAL",
        "review_status": "NEEDS_REVIEW",
        "approved_at": None,
        "approved_by_id": None,
        "uploaded_by_id": None,
        "rejected_reason": "",
        "notes": c.perhaps("כתם קפה", ""),
        "original_filename": c.perhaps("card.jpg", ""),
        "mime_type": "",
        "file_size_bytes": None,
        "sha256_hash": "",
        "source_page_number": None,
        "file_id": None,
        "created_at": c.moment(),
        "updated_at": c.moment(),
    }


def _day(c: Company) -> Row:
    return {
        "work_card_id": None,
        "work_date": MARCH,
        "from_time": None,
        "to_time": None,
        "break_minutes": 0,
        "day_status": None,
        "total_hours": None,
        "comment": "",
    }


def _run(c: Company) -> Row:
    return {
        "kind": "days_csv",
        "processing_month": MARCH,
        "site_id": c.perhaps(c.any("sites")),
        "row_count": c.perhaps(c.random.randrange(500)),
        "generated_file_name": "2024-03.csv",
        "file": c.perhaps(f"exports/{c.new_id()}.csv", "", 0.8),
        "exported_by_id": c.perhaps(c.any("users")),
        "created_at": c.moment(),
    }


def _event(c: Company) -> Row:
    return {
        "actor_id": c.perhaps(c.any("users"), chance=0.8),
        "actor_label": "Somebody",
        "event_type": "card_approved",
        "entity_type": "workcard",
        "entity_id": c.any("work_cards"),
        "entity_label": "2024-03",
        "site_id": c.perhaps(c.any("sites")),
        "employee_id": None,
        "work_card_id": c.any("work_cards"),
        "metadata": {"n": c.random.randrange(9)},
        "created_at": c.moment(),
    }


DEFAULTS = {
    "users": _user,
    "sites": _site,
    "employees": _employee,
    "work_card_files": _file,
    "work_cards": _card,
    "work_card_day_entries": _day,
    "export_runs": _run,
    "audit_events": _event,
}
SIZES = {
    "users": 200,
    "sites": 120,
    "employees": 250,
    "work_card_files": 150,
    "export_runs": 150,
    "audit_events": 400,
}
CARDS = 500


def build(cursor: Any) -> Company:
    """Fill the tables, and return the inserted rows."""
    company = Company()
    for table in TABLES:
        for case, (row, _) in CASES[table].items() if table in CASES else ():
            company.cases[table, case] = _add_case(company, table, row)
        for _ in range(SIZES.get(table, 0)):
            company.add(table)
        if table == "work_cards":
            for _ in range(CARDS):
                _add_random_card(company)
    for table, rows in company.rows.items():
        columns = list(rows[0])
        execute_values(
            cursor,
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES %s",
            [[_adapted(row[column]) for column in columns] for row in rows],
        )
    return company


def _adapted(value: Any) -> Any:
    return Json(value) if isinstance(value, dict) else value


def _add_case(company: Company, table: str, row: Mapping[str, Any]) -> uuid.UUID:
    if table == "work_card_day_entries":
        day = len(company.rows[table]) % 28 + 1
        card = company.add("work_cards") if "id" not in row else _shared_card(company)
        row = {"work_card_id": card, "work_date": date(2024, 3, day), **row}
    return company.add(table, **row)


def _shared_card(company: Company) -> uuid.UUID:
    """Return the card that all cases about several entries of one card share."""
    key = ("work_cards", "shared")
    if key not in company.cases:
        company.cases[key] = company.add("work_cards")
    return company.cases[key]


def _add_random_card(company: Company) -> None:
    c = company
    status = c.random.choice(["NEEDS_ASSIGNMENT", "NEEDS_REVIEW", "REJECTED"])
    status = c.perhaps("APPROVED", status, 0.6)
    month = date(2024, c.random.randrange(1, 13), 1)
    card = c.add(
        "work_cards",
        processing_month=month.replace(day=c.perhaps(1, 15, 0.9)),
        review_status=status,
        # Few employees, so that many days are approved more than once.
        employee_id=c.perhaps(c.rows["employees"][c.random.randrange(20)]["id"]),
        approved_at=c.perhaps(c.moment()),
        approved_by_id=c.perhaps(c.any("users")),
        uploaded_by_id=c.perhaps(c.any("users")),
        file_id=c.perhaps(c.any("work_card_files")),
        source=c.random.choice(["UPLOAD_SINGLE", "UPLOAD_BATCH", "MANUAL"]),
        source_page_number=c.perhaps(c.random.randrange(1, 4)),
    )
    for row in _random_days(c, month):
        c.add("work_card_day_entries", work_card_id=card, **row)


def _random_days(c: Company, month: date) -> Iterator[Row]:
    for _ in range(c.random.randrange(16)):
        yield {
            # Some dates are in the month after, or repeat.
            "work_date": month + timedelta(days=c.random.randrange(32)),
            "from_time": c.perhaps(f"{c.random.randrange(25):02}:00", chance=0.7),
            "to_time": c.perhaps(f"{c.random.randrange(24):02}:30", chance=0.7),
            "break_minutes": c.random.choice([0, 0, 0, 30, 45, 300, -5]),
            "day_status": c.perhaps(
                c.random.choice(["SICK", "VACATION", "holiday", "?", ""]), chance=0.2
            ),
            "total_hours": c.perhaps(c.random.randrange(-100, 2600) / 100, chance=0.7),
            "comment": "",
        }


def rows_of(cursor: Any, columns: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return every row of every table as text, by table and id, in the given columns."""
    found = {}
    for table, names in columns.items():
        cursor.execute(f"SELECT id::text, ROW({names})::text FROM {table}")
        found[table] = dict(cursor.fetchall())
    return found


def columns_of(cursor: Any) -> dict[str, str]:
    """Return the columns of each table, comma-separated."""
    cursor.execute(
        "SELECT table_name, string_agg(column_name, ', ' ORDER BY column_name) FROM information_schema.columns "
        "WHERE table_schema = 'public' AND table_name = ANY(%s) GROUP BY 1",
        [list(TABLES)],
    )
    return dict(cursor.fetchall())
