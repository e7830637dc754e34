"""Sample rows of every tenant model, and queries for all rows of a business."""

import uuid
from datetime import date
from typing import Any

from django.db import connection, models

from accounts.models import IdempotencyKey, SignIn, User
from accounts.tests.factories import IdempotencyKeyFactory, SignInFactory
from accounts.tests.personas import Personas
from audit.models import AuditEvent
from audit.tests.factories import AuditEventFactory
from businesses.models import BusinessSettings, MigrationOriginal
from businesses.tenancy.constraints import TenantForeignKeyConstraint
from businesses.tenancy.context import platform_scope, unscoped
from businesses.tenancy.database_roles import quote_identifier
from businesses.tenancy.grants import tenant_models
from exports.models import ExportProfile, ExportRun
from exports.tests.factories import ExportProfileFactory, ExportRunFactory
from workcards.models import (
    ApprovedDay,
    ClosedMonth,
    DayEntry,
    WorkCard,
    WorkCardFile,
)
from workcards.tests.factories import (
    ApprovedDayFactory,
    ClosedMonthFactory,
    DayEntryFactory,
    WorkCardFactory,
)
from workforce.models import Employee, SiteSettings
from workforce.tests.factories import SiteSettingsFactory

Rows = dict[type[models.Model], Any]


def one_of_each(personas: Personas) -> Rows:
    """Create a row of every tenant model for the business and return model → row."""
    with personas.scope():
        card = WorkCardFactory(uploaded=True)
        approved = ApprovedDayFactory(work_card__employee=card.employee)
        return {
            User: personas.admin,
            SignIn: SignInFactory(user=personas.admin),
            IdempotencyKey: IdempotencyKeyFactory(user_id=personas.admin.pk),
            AuditEvent: AuditEventFactory(),
            BusinessSettings: BusinessSettings.objects.create(),
            Employee: card.employee,
            SiteSettings: SiteSettingsFactory(
                site=card.site, responsible_employee=card.employee
            ),
            WorkCardFile: card.file,
            WorkCard: card,
            DayEntry: DayEntryFactory(work_card=card),
            ApprovedDay: approved,
            # Another month than that of the cards, which must stay writable.
            ClosedMonth: ClosedMonthFactory(month=date(2020, 1, 1)),
            ExportRun: ExportRunFactory(site=card.site),
            ExportProfile: ExportProfileFactory(),
            MigrationOriginal: _original(personas.id),
        }


def _original(business_id: uuid.UUID) -> MigrationOriginal:
    """Create a row that only a migration may write, as the owner."""
    row = MigrationOriginal(
        business_id=business_id, table_name="sample", row_id=uuid.uuid4(), content={}
    )
    with unscoped(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE migration_originals NO FORCE ROW LEVEL SECURITY")
        row.save_base(force_insert=True)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE migration_originals FORCE ROW LEVEL SECURITY")
    return row


def all_of(personas: Personas) -> dict[str, list[Any]]:
    """Return all rows of the business in the database: table → whole rows."""
    found = {}
    with platform_scope("compares before and after"), connection.cursor() as cursor:
        for model in tenant_models():
            table = model._meta.db_table
            cursor.execute(
                f"SELECT to_jsonb(t) FROM {quote_identifier(table)} t WHERE business_id = %s ORDER BY id",
                [personas.id],
            )
            found[table] = [row for (row,) in cursor.fetchall()]
    return found


def execute(sql: str, *params: Any) -> Any:
    """Return the first row of a SELECT, or the row count of another statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone() if cursor.description else cursor.rowcount


def insert_copy(model: type[models.Model], business_id: Any) -> Any:
    """Insert a copy of a readable row for another business."""
    table = quote_identifier(model._meta.db_table)
    columns = [
        quote_identifier(field.column)
        for field in model._meta.local_concrete_fields
        if not field.generated and field.column not in ("id", "business_id")
    ]
    return execute(
        f"INSERT INTO {table} (id, business_id, {', '.join(columns)}) "
        f"SELECT gen_random_uuid(), %s, {', '.join(columns)} FROM {table} LIMIT 1",
        business_id,
    )


def composite_keys() -> list[tuple[type[models.Model], TenantForeignKeyConstraint]]:
    """Return every composite key: the referencing model and its constraint."""
    return [
        (model, constraint)
        for model in tenant_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, TenantForeignKeyConstraint)
    ]


def crossing_references() -> list[str]:
    """Return the names of keys that reference a row of another business."""
    found = []
    for model, constraint in composite_keys():
        field: Any = model._meta.get_field(constraint.field)
        (count,) = execute(
            f"SELECT count(*) FROM {quote_identifier(model._meta.db_table)} own "
            f"JOIN {quote_identifier(field.related_model._meta.db_table)} theirs ON theirs.id = own.{quote_identifier(field.column)} "
            "WHERE own.business_id <> theirs.business_id"
        )
        if count:
            found.append(constraint.name)
    return found
