"""The query plans of all statements of the measured requests, under the tenant role.

The plans are stored in `plans/`, in one file per request. The check fails if a statement reads the whole table of a
tenant model. It also fails if an index condition lacks the business, unless it is the primary key of one row. Every
plan reads a table of a few pages as a whole, so that only larger tables count.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connection
from django.test import Client

from businesses.tenancy.models import TenantModel

from .databases import Database
from .requests import Read, find_measured_business

FOLDER = Path(__file__).parent / "plans"
ROW_ID = re.compile(r"'[0-9a-f]{8}-[0-9a-f-]{27}'")
STATEMENT_LENGTH = 160
SMALL_TABLE_BYTES = 16 * 8192


def measure(database: Database) -> str:
    """Write the plans; return a sentence with their number.

    Raises `AssertionError` with each fault.
    """
    measured = find_measured_business(database)
    faults: list[str] = []
    count = 0
    FOLDER.mkdir(exist_ok=True)
    with database.entered():
        client = Client(
            headers={"Authorization": f"Bearer {measured.token}"},
            SERVER_NAME="127.0.0.1",
        )
        for read in measured.reads():
            client.get(read.path)  # fill the caches of the process
            plans = list(explain_statements(client, read))
            count += len(plans)
            for statement, _, plan in plans:
                faults += [
                    f"{read.name}: {fault} in {statement}"
                    for fault in find_faults(plan)
                ]
            name = read.statement.removesuffix(".sql")
            text = "\n\n".join(f"{statement}\n{shown}" for statement, shown, _ in plans)
            (FOLDER / f"{name}.txt").write_text(f"{text}\n")
    if faults:
        raise AssertionError("\n".join(faults))
    return f"{count} statements: none reads a whole tenant table, and each searches by the business."


def explain_statements(client: Client, read: Read) -> Iterator[tuple[str, str, Any]]:
    """Yield each SELECT statement of the request with its plan as text and as data.

    The statement is shortened to `STATEMENT_LENGTH` characters.
    """
    plans = []

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().startswith(("SELECT", "(SELECT")) and "set_config" not in sql:
            with connection.connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {sql}", params)
                text = "\n".join(line for (line,) in cursor.fetchall())
                cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
                ((plan,),) = cursor.fetchall()
            statement = " ".join(sql.split())
            plans.append(
                (statement[:STATEMENT_LENGTH], ROW_ID.sub("'…'", text), plan[0]["Plan"])
            )
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        response = client.get(read.path)
    assert response.status_code == 200, response.content
    yield from plans


@cache
def tenant_tables() -> set[str]:
    """Return the tables of tenant models with more than a few pages in this database."""
    tables = [
        model._meta.db_table
        for model in apps.get_models()
        if issubclass(model, TenantModel)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND pg_relation_size(oid) > %s",
            [tables, SMALL_TABLE_BYTES],
        )
        return {name for (name,) in cursor.fetchall()}


def find_faults(plan: dict[str, Any]) -> Iterator[str]:
    """Yield the faults of a plan and of its parts."""
    relation = plan.get("Relation Name", "")
    kind = plan["Node Type"]
    if relation in tenant_tables():
        if kind == "Seq Scan":
            yield f"{relation} is read as a whole"
        elif kind in ("Index Scan", "Index Only Scan"):
            yield from _faults_of_index_scan(relation, plan)
        elif kind == "Bitmap Heap Scan":
            scans = [
                part
                for part in _iterate_parts(plan)
                if part["Node Type"] == "Bitmap Index Scan"
            ]
            if not any("business_id" in scan.get("Index Cond", "") for scan in scans):
                yield f"{relation} is searched without the business"
    for part in plan.get("Plans", ()):
        yield from find_faults(part)


def _faults_of_index_scan(relation: str, plan: dict[str, Any]) -> Iterator[str]:
    condition = plan.get("Index Cond", "")
    is_one_row = re.fullmatch(r"\(id = .*\)", condition)
    if "business_id" not in condition and not is_one_row:
        yield f"{relation} is searched by {plan['Index Name']} without the business"


def _iterate_parts(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for part in plan.get("Plans", ()):
        yield part
        yield from _iterate_parts(part)
