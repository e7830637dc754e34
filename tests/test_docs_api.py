"""Comparison of the tables of docs/api.md with the code, and a run of its commands."""

import ast
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import models

from accounts.roles import ROLE_PERMISSIONS, Role
from accounts.serializers import UserSerializer
from accounts.tests.factories import PASSWORD
from accounts.tests.personas import make_personas
from audit.serializers import AuditEventSerializer
from automatehq.api.filters import ordering_table
from automatehq.api.routing import ApiRoute, api_routes
from businesses.models import WarningPolicy
from businesses.serializers import (
    BusinessSerializer,
    BusinessSettingsSerializer,
)
from exports.models import ExportProfile, ExportRun
from exports.profile_serializers import ExportProfileSerializer
from exports.serializers import ExportRunSerializer
from workcards.serializers import DaySerializer, WorkCardSerializer
from workcards.tests.factories import picture
from workcards.transitions import CardSource, DayStatus, ReviewStatus
from workforce.serializers import (
    EmployeeSerializer,
    SiteSerializer,
    SiteSettingsSerializer,
)

from .api_cases import TABLE
from .markdown_docs import (
    ROOT,
    blocks,
    own_code,
    quoted,
    section,
    tables,
    tables_with_heads,
)

DOCUMENT = "docs/api.md"
ROUTES = api_routes()
OBJECTS = {
    "business": BusinessSerializer,
    "business settings": BusinessSettingsSerializer,
    "user": UserSerializer,
    "site": SiteSerializer,
    "site settings": SiteSettingsSerializer,
    "employee": EmployeeSerializer,
    "work card": WorkCardSerializer,
    "day": DaySerializer,
    "export run": ExportRunSerializer,
    "export profile": ExportProfileSerializer,
    "audit event": AuditEventSerializer,
}
CHOICES: dict[tuple[str, str], type[models.TextChoices]] = {
    ("user", "role"): Role,
    ("work card", "review_status"): ReviewStatus,
    ("business settings", "on_long_day"): WarningPolicy,
    ("work card", "source"): CardSource,
    ("day", "day_status"): DayStatus,
    ("export run", "kind"): ExportRun.Kind,
    ("export run", "status"): ExportRun.Status,
    ("export profile", "identifier"): ExportProfile.Identifier,
    ("export profile", "hours_format"): ExportProfile.HoursFormat,
    ("export profile", "totals"): ExportProfile.Totals,
    ("export profile", "decimal_separator"): ExportProfile.DecimalSeparator,
    ("export profile", "encoding"): ExportProfile.Encoding,
}
STAFF = ("ADMIN", "REVIEWER", "UPLOADER", "VIEWER")
# Errors of these classes are documented by their code. The document names only the common codes of 400.
TOLD = ("Conflict", "Denied", "Missing", "TooMany")


def path_of(route: ApiRoute) -> str:
    path = route.path.replace("<month:month>", "{month}")
    return "/" + re.sub(r"<\w+:\w+>", "{id}", path)


def documented_tables(
    head: str, columns: int
) -> list[tuple[list[str], list[list[str]]]]:
    """Return the tables of the document whose first column begins with `head`."""
    every = tables_with_heads((ROOT / DOCUMENT).read_text("utf-8"))
    found = [table for table in every if table[0][0].split(" of ")[0] == head]
    for first, rows in found:
        assert len(first) == columns
        assert all(len(row) == columns for row in rows), rows
    return found


def documented_endpoints() -> dict[tuple[str, str], list[str]]:
    """Return the permissions of each endpoint, by path and method.

    Assert that each endpoint occurs once.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for _, rows in documented_tables("endpoint", 3):
        for endpoints, permission, _description in rows:
            for endpoint in quoted(endpoints):
                method, path = endpoint.split(" ")
                assert (path, method) not in found, endpoint
                found[path, method] = quoted(permission)
    return found


def test_the_endpoints_are_those_of_the_urls() -> None:
    # A view function is a GET endpoint.
    real = {
        (path_of(route), method)
        for route in ROUTES
        for method in (route.methods or ["GET"])
    }
    assert set(documented_endpoints()) == real


@pytest.mark.parametrize("role", STAFF)
def test_the_permissions_are_those_that_the_endpoints_take(role: str) -> None:
    documented = documented_endpoints()
    paths = {route.name: path_of(route) for route in ROUTES}
    wrong = []
    for row in TABLE:
        permissions = documented.pop((paths[row.route], row.method))
        is_allowed = not permissions or Role(role) in ROLE_PERMISSIONS[permissions[0]]
        if is_allowed != (row.expected(role) != "403"):
            wrong.append(f"{row.method} {row.route}: {permissions}")
    assert not wrong
    # The other endpoints need no authentication.
    assert not any(documented.values())


def test_the_parameters_of_each_list_are_documented() -> None:
    documented = {
        quoted(head[1])[0]: {name: set(quoted(cell)) for name, cell in rows}
        for head, rows in documented_tables("list", 2)
    }
    assert documented == {
        path_of(route): {
            "filters": set(route.view.filterset_class.base_filters),
            "`ordering`": set(ordering_table(route.view)),
            "`search`": {
                field.partition("__")[0]
                for field in getattr(route.view, "search_fields", ())
            },
        }
        for route in ROUTES
        if route.methods.get("GET") == "list"
    }


def documented_fields() -> dict[str, dict[str, tuple[str, str]]]:
    """Return type and “write” of each field of each object.

    Assert that each field occurs once.
    """
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for head, rows in documented_tables("field", 4):
        fields = found.setdefault(head[0].removeprefix("field of "), {})
        for names, kind, write, _meaning in rows:
            for name in quoted(names):
                assert name not in fields, name
                fields[name] = (kind, write)
    return found


def test_the_fields_of_each_object_are_documented() -> None:
    details: Any = {"details": True}
    documented = {
        name: {field: write for field, (_, write) in fields.items()}
        for name, fields in documented_fields().items()
    }
    assert documented == {
        name: {
            field_name: "read-only"
            if field.read_only
            else "required"
            if field.required
            else "optional"
            for field_name, field in serializer(context=details).fields.items()
        }
        for name, serializer in OBJECTS.items()
    }


def test_the_values_of_each_field_are_documented() -> None:
    fields = documented_fields()
    documented = {key: set(quoted(fields[key[0]][key[1]][0])) for key in CHOICES}
    assert documented == {key: set(choices.values) for key, choices in CHOICES.items()}


def codes_raised() -> set[str]:
    """Return the codes in calls such as `Conflict("…", …)` in AutomateHQ's code."""
    found = set()
    for file in own_code():
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(
                    func=ast.Name(id=name), args=[ast.Constant(value=str(code)), *_]
                ) if name in TOLD:
                    found.add(code)
    return found


def test_the_table_of_errors_has_every_code() -> None:
    documented = {
        code
        for _, codes, _ in tables(section(DOCUMENT, "Errors"))[-1]
        for code in quoted(codes)
    }
    assert codes_raised() <= documented


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")), reason="needs curl and jq"
)
@pytest.mark.django_db(transaction=True)
def test_the_commands_of_the_main_job_do_what_it_says(
    live_server: Any, tmp_path: Path
) -> None:
    """The commands run unchanged, and print the output below them."""
    acme = make_personas("Acme")
    (tmp_path / "card.jpg").write_bytes(picture())
    steps = blocks(section(DOCUMENT, "The main job"))
    commands = "".join(text for language, text in steps if language == "bash")
    with subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "API": f"{live_server.url}/api",
            "EMAIL": str(acme.admin.email),
            "PASSWORD": PASSWORD,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as shell:
        work_until_it_ends(shell)
        printed, complaints = shell.communicate()
    assert (shell.returncode, complaints) == (0, "")
    assert printed.replace("\ufeff", "") == "".join(
        text for language, text in steps if language != "bash"
    )


def work_until_it_ends(process: subprocess.Popen[str]) -> None:
    """Run incoming tasks while `process` runs, for a minute at most."""
    deadline = time.monotonic() + 60
    while process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
        call_command(
            "db_worker", batch=True, interval=0, startup_delay=False, verbosity=0
        )
        time.sleep(0.2)
