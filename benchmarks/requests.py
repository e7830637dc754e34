"""The measured requests, all of an administrator of the first sample business."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg2
from django.db import connection
from psycopg2.extensions import cursor as Cursor  # noqa: N812 -- a class

from accounts.models import User
from accounts.roles import Role
from accounts.token_sessions import start_sign_in
from businesses.tenancy.context import business_scope
from demo.seed import demo_businesses
from workcards.models import WorkCard
from workcards.month_math import (
    add_months,
    format_month,
    next_month,
    previous_month,
)

from .databases import Database

SQL = Path(__file__).parent / "sql"


@dataclass(frozen=True)
class Read:
    """A read request. `sql` returns a statement that produces the same JSON."""

    name: str
    path: str
    statement: str
    values: dict[str, object]

    def sql(self) -> str:
        return (SQL / self.statement).read_text()


@dataclass(frozen=True)
class MeasuredBusiness:
    """The first business of a database, with the ids that its requests need."""

    business_id: uuid.UUID
    admin: User
    token: str
    month: date
    """The last whole one."""
    card_id: uuid.UUID
    """An approved card of that month, with days."""

    def reads(self) -> list[Read]:
        values = {
            "business": str(self.business_id),
            "month": self.month,
            "until": next_month(self.month),
            "since": add_months(self.month, -11),
            "card": str(self.card_id),
        }
        month = format_month(self.month)
        requests = {
            "list of 50 cards": ("/api/work_cards", "cards.sql"),
            "list of 50 employees": ("/api/employees", "employees.sql"),
            "card with its days": (
                f"/api/work_cards/{self.card_id}?details=true",
                "card.sql",
            ),
            "matrix of 100 employees": (f"/api/matrix?month={month}", "matrix.sql"),
            "dashboard": (f"/api/dashboard?month={month}", "dashboard.sql"),
        }
        return [Read(name, *request, values) for name, request in requests.items()]


def find_measured_business(database: Database) -> MeasuredBusiness:
    """Return the business to measure, with an administrator signed in."""
    with database.entered():
        business = demo_businesses()[0]
        with business_scope(business.pk):
            admin = User.objects.get(role=Role.ADMIN)
            newest = WorkCard.objects.order_by("-processing_month").first()
            month = previous_month(newest.processing_month)
            cards = WorkCard.objects.for_month(month).filter(review_status="APPROVED")
            card = cards.order_by("created_at", "pk").first()
        token = start_sign_in(admin).access
    return MeasuredBusiness(business.pk, admin, token, month, card.pk)


@contextmanager
def plain_session(database: Database, business_id: uuid.UUID) -> Iterator[Cursor]:
    """Open a psycopg2 cursor in one transaction with the tenant role and `business_id`."""
    role = connection.settings_dict["USER"] + "_tenant"
    session = psycopg2.connect(database.url)
    try:
        with session.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('role', %s, true), set_config('app.business_id', %s, true)",
                [role, str(business_id)],
            )
            yield cursor
    finally:
        session.close()
