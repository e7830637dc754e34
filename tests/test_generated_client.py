"""A generated client of the OpenAPI document does the main job.

A problem of this generator is a problem for other generators too, so it is fixed in the document.
"""

import datetime
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from io import BytesIO
from typing import Any

import pytest

from accounts.tests.factories import PASSWORD
from accounts.tests.personas import Personas
from audit.tests.audit_helpers import run_worker
from tests.openapi_conformance import document
from workcards.tests.scan_samples import scan
from workforce.tests.factories import EmployeeFactory

PACKAGE = "generated_automatehq"
# File fields, which this generator cannot know; see docs/api.md.
FILES = dict.fromkeys(
    (
        "text/csv",
        "image/*",
        "application/pdf",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    "application/octet-stream",
)
CREATED, ACCEPTED, OK = 201, 202, 200


@pytest.fixture(scope="module")
def client_package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the name of the package generated from the document without a warning.

    The generator is openapi-python-client.
    """
    folder = tmp_path_factory.mktemp("generated")
    (folder / "openapi.json").write_text(json.dumps(document(), default=str))
    options = {"content_type_overrides": FILES, "post_hooks": []}
    (folder / "config.json").write_text(json.dumps(options))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate"),
            *("--path", "openapi.json", "--config", "config.json"),
            *("--meta", "none", "--output-path", PACKAGE, "--fail-on-warning"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    yield PACKAGE
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
        del sys.modules[name]


class GeneratedClient:
    """The functions and models of the package, by name.

    Examples: `call("work_cards.work_cards_approve", …)`, `model("ApproveRequest")`.
    """

    def __init__(self, package: str, address: str) -> None:
        self.package = package
        self.address = address
        self.client = import_module(f"{package}.client").Client(base_url=address)

    def sign_in(self, email: str, password: str) -> Any:
        body = self.model("LoginRequest")(email=email, password=password)
        signed_in = self.call("auth.auth_login", OK, body=body)
        client = import_module(f"{self.package}.client")
        self.client.get_httpx_client().close()
        self.client = client.AuthenticatedClient(
            base_url=self.address, token=signed_in.access
        )
        return signed_in

    def model(self, name: str) -> Any:
        return getattr(import_module(f"{self.package}.models"), name)

    def call(self, operation: str, status: int, *path: Any, **arguments: Any) -> Any:
        """Return the parsed response of an operation, which must have this status."""
        endpoint = import_module(f"{self.package}.api.{operation}")
        answer = endpoint.sync_detailed(*path, client=self.client, **arguments)
        assert answer.status_code == status, answer.content
        return answer.parsed


@pytest.fixture
def theirs(client_package: str, live_server: Any) -> Iterator[GeneratedClient]:
    client = GeneratedClient(client_package, live_server.url)
    yield client
    # A persistent connection would outlive the test and hold a database connection.
    client.client.get_httpx_client().close()


@pytest.mark.django_db(transaction=True)
def test_a_generated_client_brings_a_card_from_the_scan_to_the_payroll_file(
    theirs: GeneratedClient, acme: Personas, globex: Personas
) -> None:
    with acme.scope():
        ana = EmployeeFactory(full_name="Ana Example")
    with globex.scope():
        EmployeeFactory(full_name="Somebody Else's")
    signed_in = theirs.sign_in(str(acme.reviewer.email), PASSWORD)
    assert (signed_in.business.id, signed_in.user.id) == (acme.id, acme.reviewer.pk)

    people = theirs.call("employees.employees_list", OK)
    assert [person.full_name for person in people.results] == ["Ana Example"]
    assert people.results[0].site.id == ana.site_id

    file = import_module(f"{PACKAGE}.types").File(
        BytesIO(scan()), "card.jpg", "image/jpeg"
    )
    sent = theirs.model("UploadRequest")(
        files=[file], employee_id=ana.pk, month="2026-03"
    )
    (card,) = theirs.call("work_cards.work_cards_upload", CREATED, body=sent).uploaded
    picture = theirs.call("work_cards.work_cards_file_retrieve", OK, card.id)
    assert picture.payload.read() == scan()

    day = theirs.model("DayRequest")(
        work_date=datetime.date(2026, 3, 2), from_time="08:00", to_time="16:30"
    )
    entries = theirs.model("DayEntriesRequest")(version=card.version, entries=[day])
    typed = theirs.call(
        "work_cards.work_cards_day_entries_update", OK, card.id, body=entries
    )
    assert typed.total_hours == "8.50"

    body = theirs.model("ApproveRequest")(version=card.version)
    conflict = theirs.call("work_cards.work_cards_approve", 409, card.id, body=body)
    assert conflict.errors[0].code == "stale_version"
    body = theirs.model("ApproveRequest")(version=typed.version)
    outcome = theirs.call("work_cards.work_cards_approve", OK, card.id, body=body)
    assert outcome.card.review_status == theirs.model("ReviewStatusEnum").APPROVED

    body = theirs.model("ExportRequest")(
        kind=theirs.model("KindEnum").DAYS_CSV, processing_month="2026-03"
    )
    run = theirs.call("export_runs.export_runs_create", ACCEPTED, body=body)
    run_worker()
    run = theirs.call("export_runs.export_runs_retrieve", OK, run.id)
    assert run.status == theirs.model("RunStatusEnum").DONE
    exported = theirs.call("export_runs.export_runs_file_retrieve", OK, run.id)
    (line,) = exported.payload.read().decode("utf-8-sig").splitlines()[1:]
    assert "Ana Example" in line
    assert "8.50" in line

    kind = theirs.model("EmployeesExportRetrieveType")
    listed = theirs.call("employees.employees_export_retrieve", OK, type_=kind.CSV)
    assert "Ana Example" in listed.payload.read().decode("utf-8-sig")


def test_every_operation_of_the_document_is_in_the_client(client_package: str) -> None:
    operations = [
        (operation["tags"][0], operation["operationId"])
        for methods in document()["paths"].values()
        for operation in methods.values()
        if isinstance(operation, dict) and "operationId" in operation
    ]
    for tag, name in operations:
        assert import_module(f"{client_package}.api.{tag}.{name}").sync_detailed
