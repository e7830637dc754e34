"""API requests from another business, with a wrong role, or malformed."""

import json
import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django_tasks_db.models import DBTaskResult

from accounts.tests.api_clients import client_of
from audit.models import AuditEvent
from tests.api_helpers import events, problem
from workcards.models import ApprovedDay, DayEntry, WorkCard
from workcards.tests.factories import (
    ApprovedDayFactory,
    DayEntryFactory,
    WorkCardFactory,
    picture,
)
from workforce.tests.factories import EmployeeFactory, SiteFactory

pytestmark = pytest.mark.django_db

URL = "/api/work_cards"
DAY = {"work_date": "2026-06-01", "total_hours": "8"}

# Every route to one card: method, path, body. tests/api_cases.py has the permissions.
ROUTES: list[tuple[str, str, Any]] = [
    ("get", "", None),
    ("get", "?details=true", None),
    ("put", "", {"notes": "x"}),
    ("patch", "", {"notes": "x"}),
    ("delete", "", None),
    ("get", "/suggestions?q=John", None),
    ("post", "/assign", {"employee_id": None}),
    ("post", "/approve", {"version": 1}),
    ("post", "/reject", {"reason": "x"}),
    ("post", "/reopen", {"reason": "x"}),
    ("put", "/status", {"status": "NEEDS_ASSIGNMENT", "version": 1}),
    ("put", "/status", {"status": "APPROVED", "version": 1}),
    ("get", "/day-entries", None),
    ("put", "/day-entries", {"version": 1, "entries": [DAY]}),
    ("patch", "/day-entries", {"version": 1, "entries": [DAY]}),
    ("get", "/file", None),
    ("get", "/file?rendition=display", None),
]


def named(route: Any) -> str:
    return f"{route[0]}{route[1] or '/'}"


def send(client: Any, method: str, path: str, body: Any = None) -> Any:
    return getattr(client, method)(URL + path, *([body] if body is not None else []))


@pytest.fixture
def card(acme: Any) -> Any:
    with acme.scope():
        card = WorkCardFactory(uploaded=True)
        DayEntryFactory(work_card=card, day=0)
        return card


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_another_businesss_card_is_one_that_never_existed(
    acme: Any, globex: Any, card: Any, route: Any
) -> None:
    method, suffix, body = route
    for role in ("ADMIN", "REVIEWER", "UPLOADER", "VIEWER"):
        thief = client_of(globex.user(role))
        foreign = send(thief, method, f"/{card.pk}{suffix}", body)
        missing = send(thief, method, f"/{uuid.uuid4()}{suffix}", body)
        assert foreign.content == missing.content
        assert foreign.status_code == missing.status_code
        assert foreign.status_code == 404 or role in ("UPLOADER", "VIEWER")
    with acme.scope():
        assert WorkCard.objects.get().version == 1
        assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_a_malformed_id_is_told_so(acme: Any, route: Any) -> None:
    method, suffix, body = route
    client = client_of(acme.admin)
    for malformed in ("1", "x" * 3000, "%00", f"{uuid.uuid4()}x"):
        response = send(client, method, f"/{malformed}{suffix}", body)
        assert response.status_code == 400


def test_lists_and_filters_show_nothing_of_others(
    acme: Any, globex: Any, card: Any
) -> None:
    thief = client_of(globex.admin)
    for query in (
        {},
        {"site_id": str(card.site_id)},
        {"employee_id": str(card.employee_id)},
        {"business_id": str(acme.id)},
        {"search": card.employee.full_name},
        {"details": "true"},
    ):
        for path in ("", "/pending", "/unassigned"):
            found = thief.get(URL + path, query).json()
            assert (found["count"], found["results"]) == (0, []), "leaked"


def test_another_businesss_employee_is_not_there(
    acme: Any, globex: Any, card: Any
) -> None:
    with globex.scope():
        foreign = EmployeeFactory()
    client = client_of(acme.admin)
    for path, body in (
        (f"/{card.pk}/assign", {}),
        ("", {"site_id": str(card.site_id), "processing_month": "2026-06"}),
    ):
        answers = [
            send(client, "post", path, body | {"employee_id": employee_id})
            for employee_id in (str(foreign.pk), str(uuid.uuid4()))
        ]
        assert problem(answers[0]) == (400, "does_not_exist", "employee_id")
        assert answers[0].content == answers[1].content
    assert events(acme.id) == []


def test_another_businesss_ledger_is_not_there(
    acme: Any, globex: Any, card: Any
) -> None:
    with globex.scope():
        foreign = ApprovedDayFactory(day=0)
    client = client_of(acme.reviewer)
    before = DBTaskResult.objects.count()

    def answer_about(approved_day_id: str) -> Any:
        resolution = {
            "date": "2026-06-01",
            "choice": "replace",
            "approved_day_id": approved_day_id,
        }
        return client.post(
            f"{URL}/{card.pk}/approve", {"version": 1, "resolutions": [resolution]}
        )

    answers = [answer_about(str(foreign.pk)), answer_about(str(uuid.uuid4()))]
    assert problem(answers[0]) == (409, "day_conflicts", None)
    assert answers[0].json()["conflicts"] == []
    assert answers[0].content == answers[1].content
    # A task looks up both ids in the same way.
    assert DBTaskResult.objects.count() == before + 2
    with globex.scope():
        assert ApprovedDay.objects.filter(pk=foreign.pk).exists()


def test_a_body_that_names_another_business_is_refused(
    acme: Any, globex: Any, card: Any
) -> None:
    response = client_of(acme.admin).patch(
        f"{URL}/{card.pk}", {"business_id": str(globex.id)}
    )
    assert problem(response) == (400, "read_only", "business_id")


@pytest.mark.parametrize(
    "resolutions",
    [
        "all",
        [{}],
        ["keep"],
        [{"date": "2026-06-01", "choice": "burn", "approved_day_id": "x"}],
        [{"date": "x", "choice": "keep", "approved_day_id": str(uuid.UUID(int=1))}],
        [[[[]]]],
        [{"date": "2026-06-01"}] * 311,
    ],
    ids=str,
)
def test_malformed_answers(acme: Any, card: Any, resolutions: Any) -> None:
    response = client_of(acme.reviewer).post(
        f"{URL}/{card.pk}/approve", {"version": 1, "resolutions": resolutions}
    )
    assert response.status_code == 400
    for error in response.json()["errors"]:
        assert error["attr"].startswith("resolutions")


BOMBS = {
    "deep": b"[" * 200_000,
    "deep object": b'{"a":' * 100_000,
    "long number": b'{"version": ' + b"9" * 100_000 + b"}",
    "long name": b'{"' + b"a" * 100_000 + b'": 1}',
    "many names": json.dumps({str(n): n for n in range(20_000)}).encode(),
    "many days": json.dumps({"version": 1, "entries": [DAY] * 50_000}).encode(),
    "too large": b'{"notes": "' + b"x" * (11 * 1024 * 1024) + b'"}',
    "not UTF-8": b'{"notes": "\xff\xfe"}',
    "half a surrogate": b'{"notes": "\\ud800", "reason": "\\ud800"}',
    "NUL": b'{"notes": "a\\u0000b", "reason": "a\\u0000b"}',
    "not JSON": b"notes=1",
    "infinite": b'{"version": Infinity}',
    "a list": b"[]",
    "nothing": b"",
}


@pytest.mark.parametrize("route", [r for r in ROUTES if r[2] is not None], ids=named)
@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused(acme: Any, card: Any, route: Any, bomb: str) -> None:
    method, suffix, _body = route
    client = client_of(acme.admin)
    response = client.generic(
        method.upper(),
        f"{URL}/{card.pk}{suffix}",
        BOMBS[bomb],
        content_type="application/json",
    )
    is_no_change = bomb == "nothing" and method == "patch" and suffix == ""
    assert response.status_code in ((200,) if is_no_change else (400, 413))
    assert events(acme.id) == []


def test_forms_are_for_uploads_and_json_for_the_rest(acme: Any, card: Any) -> None:
    client = client_of(acme.admin)
    form = client.post(f"{URL}/{card.pk}/reject", {"reason": "x"}, format="multipart")
    assert problem(form)[:2] == (415, "unsupported_media_type")
    assert client.post(f"{URL}/upload", {"files": []}).status_code == 415
    assert client.get(f"{URL}/upload").status_code == 405


def test_the_main_job(acme: Any, globex: Any) -> None:
    """A scan is uploaded and assigned, and its days are entered and approved.

    Another business sees none of it.
    """
    with acme.scope():
        site = SiteFactory(site_name="Construction Site 1")
        john = EmployeeFactory(full_name="John Smith", site=site)
    uploader, reviewer = client_of(acme.uploader), client_of(acme.reviewer)
    uploaded = uploader.post(
        f"{URL}/upload",
        {
            "files": [SimpleUploadedFile("card.png", picture())],
            "site_id": str(site.pk),
            "month": "2026-06",
        },
        format="multipart",
    )
    assert uploaded.status_code == 201
    card = uploaded.json()["uploaded"][0]
    url = f"{URL}/{card['id']}"
    assert uploader.get(f"{URL}/unassigned").json()["count"] == 1

    assigned = uploader.post(
        f"{url}/assign", {"employee_id": str(john.pk), "version": card["version"]}
    ).json()["card"]
    assert assigned["review_status"] == "NEEDS_REVIEW"

    assert reviewer.get(f"{url}/file?rendition=display").status_code == 200
    days = reviewer.put(
        f"{url}/day-entries",
        {
            "version": assigned["version"],
            "entries": [
                {
                    "work_date": "2026-06-01",
                    "from_time": "07:00",
                    "to_time": "16:00",
                    "break_minutes": 30,
                },
                {"work_date": "2026-06-02", "total_hours": "9"},
                {"work_date": "2026-06-03", "day_status": "VACATION"},
            ],
        },
    ).json()
    assert days["total_hours"] == "17.50"

    approved = reviewer.post(f"{url}/approve", {"version": days["version"]}).json()
    assert approved["card"]["review_status"] == "APPROVED"
    assert approved["card"]["approved_by"]["name"] == acme.reviewer.full_name
    assert (approved["reposted"], approved["warnings"]) == ([], [])
    with acme.scope():
        assert [
            (row.work_date.day, row.hours and str(row.hours), row.day_status)
            for row in ApprovedDay.objects.all()
        ] == [(1, "8.50", None), (2, "9.00", None), (3, None, "VACATION")]
    shown = reviewer.get(f"{url}/day-entries").json()["entries"]
    assert [day["ledger"]["hours"] for day in shown] == ["8.50", "9.00", None]

    assert [event.event_type for event in events(acme.id)] == [
        "card_uploaded",
        "card_assigned",
        "days_updated",
        "card_approved",
    ]
    other = client_of(globex.admin)
    assert other.get(URL).json()["results"] == []
    assert other.get(url).status_code == 404
    assert events(globex.id) == []
    with globex.scope():
        for model in (WorkCard, DayEntry, ApprovedDay):
            assert not model.objects.exists()
