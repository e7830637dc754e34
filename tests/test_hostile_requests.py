"""Hostile requests to the API.

They are too large, have unexpected shapes, or have other businesses' ids in unexpected places.
"""

import io
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadhandler import StopUpload
from rest_framework.test import APIClient

from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from audit.tests.audit_helpers import queued, recorded, run_queued, trace
from automatehq.api.serializers import MAX_ERRORS
from automatehq.upload_handlers import STORED_BYTES, BoundedFileUploadHandler
from tests.api_helpers import problem
from workcards.models import WorkCard
from workcards.tests.factories import WorkCardFactory
from workforce.models import Employee
from workforce.tests.factories import EmployeeFactory, SiteFactory

pytestmark = pytest.mark.django_db

EMPLOYEES = "/api/employees"
LIMIT = settings.DATA_UPLOAD_MAX_MEMORY_SIZE


# Too large


@pytest.mark.parametrize("path", [EMPLOYEES, "/api/auth/login"])
def test_a_body_past_the_limit_is_413_signed_in_or_not(
    acme: Personas, path: str
) -> None:
    body = json.dumps({"full_name": "x" * LIMIT})
    for client in (client_of(acme.admin), APIClient()):
        response = client.post(path, body, content_type="application/json")
        if path == EMPLOYEES and "HTTP_AUTHORIZATION" not in client._credentials:
            assert response.status_code == 401
        else:
            assert problem(response) == (413, "too_large", None)


def test_of_very_many_refused_fields_some_are_named(acme: Personas) -> None:
    body = {f"field_{number}": 1 for number in range(10_000)}
    response = client_of(acme.admin).post(EMPLOYEES, {"full_name": "X"} | body)
    assert problem(response) == (400, "unknown_field", "field_0")
    assert len(response.json()["errors"]) == MAX_ERRORS


def test_of_a_list_that_is_too_long_nothing_is_read(acme: Personas) -> None:
    with acme.scope():
        url = f"/api/sites/{SiteFactory().pk}/settings"
    response = client_of(acme.admin).put(url, {"contact_emails": ["no address"] * 21})
    assert problem(response) == (400, "max_length", "contact_emails")
    assert len(response.json()["errors"]) == 1


def test_of_a_file_that_is_too_large_the_beginning_is_kept() -> None:
    handler = BoundedFileUploadHandler()
    handler.new_file("files", "scan.png", "image/png", None)
    chunk = b"x" * (1024 * 1024)
    try:
        for start in range(0, 40 * len(chunk), len(chunk)):
            assert handler.receive_data_chunk(chunk, start) is None
    except StopUpload:  # the other parts of the request follow
        pytest.fail("The upload was broken off.")
    file = handler.file_complete(40 * len(chunk))
    assert file.seek(0, io.SEEK_END) == STORED_BYTES


# Unexpected shapes


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", EMPLOYEES),
        ("put", f"{EMPLOYEES}/{{employee}}"),
        ("patch", f"{EMPLOYEES}/{{employee}}"),
        ("post", "/api/users"),
        ("post", "/api/sites"),
        ("post", "/api/export_runs"),
        ("post", "/api/auth/password"),
    ],
)
def test_a_form_is_no_json(acme: Personas, method: str, path: str) -> None:
    with acme.scope():
        path = path.format(employee=EmployeeFactory().pk)
    send = getattr(client_of(acme.admin), method)
    response = send(path, {"full_name": "From a form"}, format="multipart")
    assert problem(response)[:2] == (415, "unsupported_media_type")


@pytest.mark.parametrize("path", ["/api/docs", "/api/schema", "/api/nowhere"])
def test_nothing_under_api_speaks_of_cookies(path: str) -> None:
    response = APIClient(enforce_csrf_checks=True).post(path, {})
    assert response.status_code in (404, 405)
    assert b"csrf" not in response.content.lower()


def test_what_no_view_answers_is_not_cached_either(db: None) -> None:
    response = APIClient().get("/api/nowhere")
    assert problem(response) == (404, "not_found", None)
    assert response["Cache-Control"] == "private, no-store"


# Ids in unexpected places

Ask = Callable[[APIClient, "Own", Any], Any]


class Own:
    """Rows of the business that sends the requests."""

    def __init__(self, acme: Personas) -> None:
        with acme.scope():
            self.card: WorkCard = WorkCardFactory()
            self.employee: Employee = EmployeeFactory()


# Request → the model of the id, and a function that sends the request.
ASKS: dict[str, tuple[str, str, Ask]] = {
    "the id of a new row": (
        "workforce.employee",
        "id",
        lambda client, own, pk: client.post(EMPLOYEES, {"full_name": "X", "id": pk}),
    ),
    "another id for a row": (
        "workforce.employee",
        "id",
        lambda client, own, pk: client.patch(
            f"{EMPLOYEES}/{own.employee.pk}", {"id": pk}
        ),
    ),
    "a reference that verbs change": (
        "workforce.employee",
        "employee_id",
        lambda client, own, pk: client.patch(
            f"/api/work_cards/{own.card.pk}", {"employee_id": pk}
        ),
    ),
    "a business where none is read": (
        "businesses.business",
        "business_id",
        lambda client, own, pk: client.post(
            "/api/export_runs",
            {"kind": "days_csv", "processing_month": "2026-03", "business_id": pk},
        ),
    ),
    "a business for a verb": (
        "businesses.business",
        "business_id",
        lambda client, own, pk: client.post(
            f"/api/work_cards/{own.card.pk}/reject",
            {"reason": "mine", "business_id": pk},
        ),
    ),
}


@pytest.mark.parametrize(("label", "field", "ask"), ASKS.values(), ids=ASKS)
def test_a_foreign_id_where_none_is_taken_is_refused_and_told_to_the_platform(
    acme: Personas, globex: Personas, label: str, field: str, ask: Ask
) -> None:
    with globex.scope():
        theirs = EmployeeFactory().pk if "employee" in label else globex.id
    own, client = Own(acme), client_of(acme.admin)
    ask(client, own, str(uuid.uuid4()))  # the first request creates the counter's row
    foreign, missing = (
        trace(lambda pk=pk: ask(client, own, str(pk))) for pk in (theirs, uuid.uuid4())
    )
    assert foreign == missing
    assert foreign.status == 400
    assert [(arguments["model"], arguments["field"]) for arguments in queued()] == [
        (label, field)
    ] * 3
    run_queued()
    (event,) = recorded()
    assert (event.event_type, event.entity_id) == ("cross_business_attempt", theirs)
    assert event.business_id == globex.id


def test_a_value_in_use_is_looked_for_as_it_is_stored(
    acme: Personas, globex: Personas
) -> None:
    """A released user requests an address of another business's user, in capitals."""
    client = client_of(acme.admin)
    path = f"/api/users/{acme.viewer.pk}"
    for verb in ("deactivate", "release"):
        assert client.post(f"{path}/{verb}").status_code == 200
    response = client.post(
        f"{path}/activate", {"email": str(globex.admin.email).upper()}
    )
    assert problem(response) == (400, "already_in_use", "email")
    run_queued()
    (event,) = recorded()
    assert event.event_type == "cross_business_conflict"
    assert event.entity_id == globex.admin.pk
