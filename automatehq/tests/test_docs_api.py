"""docs/api.md against the API: its tables are those of the code, and its commands do what it says."""

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

from accounts.business_serializers import (
    BusinessSerializer,
    BusinessSettingsSerializer,
)
from accounts.roles import Role
from accounts.serializers import UserSerializer
from accounts.tests.factories import PASSWORD
from accounts.tests.personas import make_personas
from audit.serializers import AuditEventSerializer
from automatehq.rest.filters import ordering_table
from automatehq.rest.routes import Route
from automatehq.tests.api_cases import methods_of
from automatehq.tests.documents import blocks, own_code, quoted, section, tables
from automatehq.urls import API
from businesses.models import WarningPolicy
from exports.models import ExportProfile, ExportRun
from exports.profile_serializers import ExportProfileSerializer
from exports.serializers import ExportRunSerializer
from workcards.serializers import DaySerializer, WorkCardSerializer
from workcards.states import DayStatus, ReviewStatus, Source
from workcards.tests.factories import picture
from workforce.serializers import (
    EmployeeSerializer,
    SiteSerializer,
    SiteSettingsSerializer,
)

DOCUMENT = "docs/api.md"
ROUTES = [route for routes in API.values() for route in routes]
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
CHOICES: dict[str, type[models.TextChoices]] = {
    "`role`": Role,
    "`review_status`": ReviewStatus,
    "`on_…` of business settings": WarningPolicy,
    "`source`": Source,
    "`day_status`": DayStatus,
    "`kind`": ExportRun.Kind,
    "`status` of a run": ExportRun.Status,
    "`identifier`": ExportProfile.Identifier,
    "`hours_format`": ExportProfile.HoursFormat,
    "`totals`": ExportProfile.Totals,
    "`decimal_separator`": ExportProfile.DecimalSeparator,
    "`encoding`": ExportProfile.Encoding,
}
# Errors of these classes are told by their code; of those of 400 the document names the common ones.
TOLD = ("Conflict", "Denied", "Missing", "TooMany")


def path_of(route: Route) -> str:
    path = route.path.replace("<month:month>", "{month}")
    return "/" + re.sub(r"<\w+:\w+>", "{id}", path)


def test_the_table_of_paths_is_that_of_the_urls() -> None:
    told = {
        (path, method)
        for cell, methods, _ in tables(section(DOCUMENT, "Paths"))[0]
        for path in quoted(cell)
        for method in methods.split(", ")
    }
    # A view that is a function is there to be read.
    real = {
        (path_of(route), method)
        for route in ROUTES
        for method in (list(methods_of(route)) or ["GET"])
    }
    assert told == real


def test_the_table_of_lists_says_what_each_list_takes() -> None:
    told = {
        quoted(path)[0]: [set(quoted(cell)) for cell in cells]
        for path, *cells in tables(section(DOCUMENT, "Lists"))[0]
    }
    assert told == {
        path_of(route): [
            set(route.view.filterset_class.base_filters),  # type: ignore[union-attr]
            set(ordering_table(route.view)),
            {
                field.partition("__")[0]
                for field in getattr(route.view, "search_fields", ())
            },
        ]
        for route in ROUTES
        if (route.actions or {}).get("get") == "list"
    }


def test_the_table_of_objects_has_their_fields() -> None:
    told = {
        name: set(quoted(cell))
        for name, cell in tables(section(DOCUMENT, "Objects"))[0]
    }
    details: Any = {"details": True}
    assert told == {
        name: set(serializer(context=details).fields)
        for name, serializer in OBJECTS.items()
    }


def test_the_table_of_values_has_them_all() -> None:
    told = {
        name: set(quoted(cell))
        for name, cell in tables(section(DOCUMENT, "Objects"))[1]
    }
    assert told == {name: set(choices.values) for name, choices in CHOICES.items()}


def codes_raised() -> set[str]:
    """The codes in the calls `Conflict("…", …)` and so on, in all of our own code."""
    found = set()
    for file in own_code():
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(
                    func=ast.Name(id=name), args=[ast.Constant(value=str(code)), *_]
                ) if name in TOLD:
                    found.add(code)
    return found


def test_the_table_of_refusals_has_every_code() -> None:
    told = {
        code
        for _, codes, _ in tables(section(DOCUMENT, "Refusals"))[0]
        for code in quoted(codes)
    }
    assert codes_raised() <= told


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")), reason="needs curl and jq"
)
@pytest.mark.django_db(transaction=True)
def test_the_commands_of_the_main_job_do_what_it_says(
    live_server: Any, tmp_path: Path
) -> None:
    """The commands run as they stand, and print what stands below them."""
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
    """Do the jobs that come in while `process` runs, for a minute at most."""
    deadline = time.monotonic() + 60
    while process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
        call_command(
            "db_worker", batch=True, interval=0, startup_delay=False, verbosity=0
        )
        time.sleep(0.2)
