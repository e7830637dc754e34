"""Two businesses with a row of every model, and the private texts of the second.

Acme's users send the requests, and Globex's rows must be out of their reach. Both have the same rows, so that a request
for Globex's row can repeat a request that succeeds for Acme's own row.
"""

import io
import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, models
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from accounts.account_scope import account_scope
from accounts.credentials import update_account
from accounts.models import User
from accounts.tests.factories import UserFactory
from accounts.tests.personas import Personas, make_personas, make_super_admin
from audit.models import AuditEvent
from audit.tests.factories import AuditEventFactory
from businesses.models import PLATFORM_ID, Business
from businesses.tenancy.context import business_scope, platform_scope
from businesses.tenancy.database_roles import quote_identifier
from businesses.tenancy.grants import tenant_models
from businesses.tests.samples import one_of_each
from exports.models import ExportRun
from exports.tests.export_files import made
from exports.tests.export_runs import done_run
from tests import api_cases
from workcards.models import ClosedMonth, WorkCard, WorkCardFile
from workcards.tests.factories import ClosedMonthFactory, WorkCardFileFactory
from workforce.models import Employee, Site

# The word in every text of Globex, and a word in no row. Both have the same length, so that responses have too.
CANARY, UNUSED_WORD = "Quetzal", "Unicorn"

# Text columns without a canary, with the reason. Their values also count as canaries if only Globex has them.
UNMARKED = {
    "users.email": "lower case, and the canary is in it so written",
    "users.phone_number": "a telephone number",
    "users.acting_reason": "of super-admins, who act for a business",
    "audit_events.*": "append-only: written with its canary",
    "closed_months.*": "never updated: written with its canary",
    "migration_originals.*": "no role of an application may write it",
    "employees.passport_id": "capitals, and the canary is in it so written",
    "employees.phone_number": "a telephone number",
    "site_settings.contact_phone": "a telephone number",
    "work_card_files.*": "named by ids; the canary is inside the picture",
    "work_cards.mime_type": "decided by the content",
    "work_cards.sha256_hash": "of the content, which no other business has",
    "export_runs.sha256": "of the content, which no other business has",
    "export_runs.file": "a path with the business's id",
    "export_runs.snapshot": "a path with the business's id",
}


class Target(NamedTuple):
    """A row that an id can refer to. `kind` is a model's label or the name of a row of the API's table."""

    kind: str
    row: Any


@dataclass
class Tenant:
    """A business with its users, a row of every model, and the rows of the API's table."""

    personas: Personas
    super_admin: User
    rows: dict[str, Any] = field(default_factory=dict)
    targets: dict[Callable[..., Any], Any] = field(default_factory=dict)
    _bodies: dict[tuple[str, str], Any] = field(default_factory=dict)

    @property
    def case_context(self) -> api_cases.World:
        return api_cases.World(self.personas, self.super_admin)

    def target(self, make: Callable[[api_cases.World], Any]) -> Any:
        """Return the row that `make` creates for the API's table; create it once."""
        if make not in self.targets:
            with self.personas.scope():
                self.targets[make] = make(self.case_context)
        return self.targets[make]

    def body(self, case: api_cases.Row) -> Any:
        """Return the request body of `case`; build it once, together with its rows."""
        key = case.method, case.route
        if key not in self._bodies:
            has_row = case.target is not None and case.target is not api_cases.month
            row = self.target(case.target) if has_row else None  # type: ignore[arg-type]
            body = (
                case.body(self.case_context, row) if callable(case.body) else case.body
            )
            self._bodies[key] = body
        return self._bodies[key]

    def ids(self) -> dict[str, uuid.UUID]:
        """Return the id of this business's row for the label of each model."""
        ids = {label: row.pk for label, row in self.rows.items()}
        return {**ids, "accounts.account": self.personas.admin.account_id}


@dataclass
class Tenants:
    acme: Tenant
    globex: Tenant
    super_admin: User
    # Two more super-admins, acting for Acme.
    acting: User
    acting_in_admin: User

    @cached_property
    def canaries(self) -> frozenset[str]:
        """Return every id and text that only Globex's rows contain, and Globex's name."""
        with platform_scope("sites are everybody's"):
            shared = {str(pk) for pk in Site.objects.values_list("pk", flat=True)}
        shared |= {*_iterate_texts(self.acme.personas.id)}
        name = self.globex.personas.business.business_name
        return frozenset({*_iterate_texts(self.globex.personas.id), name} - shared)

    @cached_property
    def _canary_pattern(self) -> re.Pattern[bytes]:
        words = sorted({CANARY.lower(), *(text.lower() for text in self.canaries)})
        return re.compile(b"|".join(re.escape(word.encode()) for word in words))

    def canary_in(self, content: bytes) -> str:
        """Return the first canary in `content`, or ""."""
        found = self._canary_pattern.search(content.lower())
        return found.group().decode() if found else ""

    @cached_property
    def _account_ids(self) -> list[uuid.UUID]:
        """Return the ids of the accounts of Globex's users."""
        with self.globex.personas.scope():
            return sorted(User.objects.values_list("account_id", flat=True))

    def checksums(self) -> dict[str, str]:
        """Return a checksum of Globex's rows for each table, and of the accounts of its users."""
        with platform_scope("compares Globex's rows"), connection.cursor() as cursor:
            cursor.execute(_checksum_sql(), {"id": self.globex.personas.id})
            checksums = dict(cursor.fetchall())
        return {**checksums, "accounts": self._account_texts()}

    def _account_texts(self) -> str:
        """Return the rows of `accounts`, which are visible one at a time."""
        rows: list[Any] = []
        for account_id in self._account_ids:
            with account_scope(account_id), connection.cursor() as cursor:
                cursor.execute(
                    "SELECT t::text FROM accounts t WHERE id = %s", [account_id]
                )
                rows += cursor.fetchall()
        return str(rows)


def make_tenants() -> Tenants:
    """Create both businesses with their rows, inside the caller's transaction."""
    super_admin = make_super_admin()
    with business_scope(PLATFORM_ID):
        acting = UserFactory.create_batch(2, role="SUPER_ADMIN")
    return Tenants(
        add_rows(Tenant(make_personas("Acme"), super_admin)),
        mark_texts(
            add_rows(Tenant(make_personas("Globex"), super_admin), shade=GLOBEX_SHADE)
        ),
        super_admin,
        *acting,
    )


ACME_SHADE, GLOBEX_SHADE = 200, 40


def make_globex_scan(word: str) -> bytes:
    """Return the picture of Globex's card with `word` as its comment."""
    return make_scan(word, GLOBEX_SHADE)


def add_rows(tenant: Tenant, *, shade: int = ACME_SHADE) -> Tenant:
    """Create a row of every model, a finished export, and the rows of the API's table."""
    rows = one_of_each(tenant.personas)
    with tenant.personas.scope():
        name = tenant.personas.business.business_name
        card = rows[WorkCard]
        word = _canary_of(name)
        card.file = WorkCardFileFactory(content=make_scan(word, shade))
        card.original_filename = f"{name}.png"
        card.sha256_hash = card.file.sha256_hash
        card.file_size_bytes = card.file.file_size_bytes
        card.save()
        rows[WorkCardFile] = card.file
        rows[ClosedMonth] = ClosedMonthFactory(
            month=date(2019, 1, 1), note=word, closed_by_name=word
        )
        rows[AuditEvent] = AuditEventFactory(
            entity_type="workcard",
            entity_id=card.pk,
            entity_label=word,
            actor_id=tenant.personas.admin.pk,
            actor_label=word,
            site_id=card.site_id,
            employee_id=card.employee_id,
            work_card_id=card.pk,
            metadata={"note": word},
        )
        rows[ExportRun] = make_finished_run(tenant)
    rows[Site], rows[Business] = card.site, tenant.personas.business
    tenant.rows = {model._meta.label_lower: row for model, row in rows.items()}
    for case in api_cases.TABLE:
        # A closed month would lock the cards of that month. It is created where a case needs it.
        if case.target is not None and case.target is not api_cases.month:
            tenant.target(case.target)
    return tenant


def make_finished_run(tenant: Tenant) -> ExportRun:
    """Create an export run with its file, as a worker leaves it. Needs the business's scope."""
    run = done_run(generated_file_name=f"{tenant.personas.business.business_name}.csv")
    run.file = default_storage.save(
        f"businesses/{run.business_id}/exports/{run.pk}-1/file.csv",
        ContentFile(made(run.kind)),
    )
    run.sha256 = uuid.uuid5(uuid.NAMESPACE_OID, str(run.pk)).hex * 2
    run.save()
    return run


def make_scan(text: str, shade: int) -> bytes:
    """Return a PNG picture of a card with `text` in its metadata."""
    metadata, buffer = PngInfo(), io.BytesIO()
    metadata.add_text("Comment", text)
    Image.new("L", (60, 80), shade).save(buffer, "PNG", pnginfo=metadata)
    return buffer.getvalue()


def _canary_of(name: str) -> str:
    return CANARY if name == "Globex" else "Sparrow"


def mark_texts(tenant: Tenant, word: str = CANARY) -> Tenant:
    """Write a canary into every text column of the business's rows that accepts it."""
    with tenant.personas.scope():
        for model in tenant_models():
            columns = list_marked_columns(model)
            if not columns:
                continue
            for number, row in enumerate(model._default_manager.all()):
                values = {
                    column.name: _marked_text(column, number, word)
                    for column in columns
                    if getattr(row, column.name) is not None
                }
                model._default_manager.filter(pk=row.pk).update(**values)
        for number, user in enumerate(User.objects.all()):
            user.email = f"{word.lower()}{number}@globex.example.com"
            user.save()
            update_account(user.account_id, email=user.email)
        _mark_passports(word)
    for row in [*tenant.rows.values(), *tenant.targets.values()]:
        with tenant.personas.scope():
            row.refresh_from_db()
    return tenant


def _mark_passports(word: str) -> None:
    for number, employee in enumerate(Employee.objects.exclude(passport_id=None)):
        employee.passport_id = f"{word.upper()}{number:04}"
        employee.save()


def list_marked_columns(model: type[models.Model]) -> list[Any]:
    """Return the model's columns of free text that are not in `UNMARKED`."""
    table = model._meta.db_table
    return [
        column
        for column in model._meta.concrete_fields
        if isinstance(column, (models.CharField, models.TextField))
        and not column.choices
        and not {f"{table}.*", f"{table}.{column.name}"} & UNMARKED.keys()
    ]


def _marked_text(column: Any, number: int, word: str) -> str:
    text = f"{word}{number} {column.name}"
    return text[: column.max_length] if column.max_length else text


# Values that are too short, or equal for all rows created at the same time.
_NO_CANARY = re.compile(r".{0,5}|\d{4}-\d\d-\d\d.*|\d\d:\d\d:\d\d|[\d.]+", re.DOTALL)


def _iterate_texts(business_id: uuid.UUID) -> Iterator[str]:
    """Yield every id and text in a business's rows, except those of `_NO_CANARY`."""
    with platform_scope("collects canaries"), connection.cursor() as cursor:
        for model in tenant_models():
            table = quote_identifier(model._meta.db_table)
            cursor.execute(
                f"SELECT to_jsonb(t) FROM {table} t WHERE business_id = %s",  # noqa: S608 -- a model's own table
                [business_id],
            )
            for (row,) in cursor.fetchall():
                yield from _iterate_texts_in(json.loads(row))


def _iterate_texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _iterate_texts_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from _iterate_texts_in(one)
    elif isinstance(value, str) and not _NO_CANARY.fullmatch(value):
        yield value


def _checksum_sql() -> str:
    owned = [(model._meta.db_table, "business_id") for model in tenant_models()]
    owned += [("businesses", "id"), ("sites", "steward_id")]
    return " UNION ALL ".join(
        f"SELECT '{table}', md5(coalesce(string_agg(t::text, '|' ORDER BY id), '')) "  # noqa: S608 -- models' own tables
        f"FROM {quote_identifier(table)} t WHERE {owner} = %(id)s"
        for table, owner in owned
    )
