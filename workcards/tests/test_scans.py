"""Downloads of scans and renditions."""

import io
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db.models import F
from django_tasks_db.models import DBTaskResult
from PIL import Image

from accounts.tests.api_clients import client_of
from tests.api_helpers import problem
from workcards.models import WorkCardFile
from workcards.scans import storage
from workcards.tasks import LEASE, fail_dead_renditions, make_renditions
from workcards.tests.factories import WorkCardFactory, WorkCardFileFactory, picture
from workcards.tests.scan_samples import pages, scan

pytestmark = pytest.mark.django_db


@pytest.fixture
def card(acme: Any) -> Any:
    with acme.scope():
        return WorkCardFactory(uploaded=True, file__content=picture())


@pytest.fixture
def client(acme: Any) -> Any:
    return client_of(acme.viewer)


def url(card: Any, rendition: str = "") -> str:
    query = f"?rendition={rendition}" if rendition else ""
    return f"/api/work_cards/{card.pk}/file{query}"


def renditions(acme: Any) -> Any:
    with acme.scope():
        return WorkCardFile.objects.get().renditions


def test_the_original_is_handed_out_as_it_came(client: Any, card: Any) -> None:
    response = client.get(url(card))
    assert response.status_code == 200
    assert response.content == picture()
    assert response["Content-Type"] == "image/png"
    assert response["Content-Disposition"] == 'attachment; filename="card.png"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "private, no-cache"
    assert client.get(url(card, "original")).content == response.content


def test_who_has_it_already_is_told_so(client: Any, card: Any) -> None:
    for rendition in ("original", "display"):
        first = client.get(url(card, rendition))
        for known in (first["ETag"], f'W/{first["ETag"]}, "other"', "*"):
            again = client.get(url(card, rendition), headers={"If-None-Match": known})
            assert (again.status_code, again.content) == (304, b"")
            assert again["ETag"] == first["ETag"]
            assert again["Cache-Control"] == "private, no-cache"
        other = client.get(url(card, rendition), headers={"If-None-Match": '"other"'})
        assert other.status_code == 200
    assert client.head(url(card)).status_code == 200


def test_the_etag_of_a_scan_opens_it_for_nobody(
    acme: Any, globex: Any, client: Any, card: Any
) -> None:
    etag = client.get(url(card))["ETag"]
    thief = client_of(globex.admin)
    response = thief.get(url(card), headers={"If-None-Match": etag})
    assert problem(response) == (404, "not_found", None)


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("a b.png", 'attachment; filename="a b.png"'),
        (
            "כרטיס.png",
            "attachment; filename*=utf-8''%D7%9B%D7%A8%D7%98%D7%99%D7%A1.png",
        ),
        ('x"\r\nSet-Cookie: a=b.png', 'attachment; filename="x_Set-Cookie_ a=b.png"'),
        ("../../etc/passwd", 'attachment; filename="passwd"'),
        ("", 'attachment; filename="file"'),
    ],
)
def test_names_are_safe_in_the_header(
    acme: Any, client: Any, name: str, disposition: str
) -> None:
    with acme.scope():
        # A name that a card may have from before names were cleaned.
        card = WorkCardFactory(uploaded=True, original_filename=name)
    assert client.get(url(card))["Content-Disposition"] == disposition


@pytest.mark.parametrize("mime_type", ["text/html", "image/svg+xml", "", "x\ny"])
def test_a_type_that_is_no_scan_is_not_repeated(
    acme: Any, client: Any, mime_type: str
) -> None:
    with acme.scope():
        card = WorkCardFactory(uploaded=True, mime_type=mime_type)
    response = client.get(url(card))
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment")


def test_the_display_rendition_is_made_at_the_first_view(
    acme: Any, client: Any, card: Any, monkeypatch: Any
) -> None:
    assert renditions(acme) == []
    first = client.get(url(card, "display"))
    assert first.status_code == 200
    assert first["Content-Type"] == "image/jpeg"
    assert first["Content-Disposition"] == 'inline; filename="card.jpg"'
    with Image.open(io.BytesIO(first.content)) as image:
        assert (image.format, image.size) == ("JPEG", (60, 80))
    assert renditions(acme) == [{"width": 60, "height": 80, "is_made": True}]
    monkeypatch.setattr(storage, "display_rendition", None)
    assert client.get(url(card, "display")).content == first.content


def test_a_lost_rendition_is_made_again(acme: Any, client: Any, card: Any) -> None:
    first = client.get(url(card, "display")).content
    default_storage.delete(card.file.rendition_path(1))
    assert client.get(url(card, "display")).content == first
    assert default_storage.exists(card.file.rendition_path(1))


def test_what_a_dead_worker_left_half_written_is_not_shown(
    client: Any, card: Any
) -> None:
    with default_storage.open(card.file.rendition_path(1), "wb") as half:
        half.write(b"\xff\xd8\xff")
    response = client.get(url(card, "display"))
    assert len(response.content) > 100
    with default_storage.open(card.file.rendition_path(1)) as whole:
        assert whole.read() == response.content


def test_a_lost_file_is_told_and_the_card_stays_workable(
    acme: Any, client: Any, card: Any
) -> None:
    default_storage.delete(card.file.original.name)
    for rendition in ("original", "display"):
        assert problem(client.get(url(card, rendition))) == (404, "file_missing", None)
    response = client_of(acme.reviewer).put(
        f"/api/work_cards/{card.pk}/day-entries",
        {"version": 1, "entries": [{"work_date": "2026-06-01", "total_hours": "8"}]},
    )
    assert response.status_code == 200


def test_a_card_without_a_scan(acme: Any, client: Any) -> None:
    with acme.scope():
        card = WorkCardFactory()
    assert problem(client.get(url(card))) == (404, "no_file", None)


def test_what_cannot_be_shown_can_still_be_had(acme: Any, client: Any) -> None:
    with acme.scope():
        card = WorkCardFactory(uploaded=True, file__content=b"not a picture")
    assert problem(client.get(url(card, "display"))) == (404, "not_displayable", None)
    assert client.get(url(card)).content == b"not a picture"


def test_queries_that_mean_nothing(client: Any, card: Any) -> None:
    assert problem(client.get(url(card, "huge"))) == (
        400,
        "invalid_choice",
        "rendition",
    )
    response = client.get(f"{url(card)}?size=2")
    assert problem(response) == (400, "unknown_parameter", "size")


def test_each_card_of_a_pdf_shows_its_page(acme: Any, client: Any) -> None:
    with acme.scope():
        file = WorkCardFileFactory(
            content=pages(2, "PDF"), mime_type="application/pdf", page_count=2
        )
        first, second = (
            WorkCardFactory(uploaded=True, file=file, source_page_number=page)
            for page in (1, 2)
        )
    etags = {client.get(url(card, "display"))["ETag"] for card in (first, second)}
    assert len(etags) == 2
    assert [entry["is_made"] for entry in renditions(acme)] == [True, True]
    assert client.get(url(second))["Content-Type"] == "application/pdf"


def test_tasks_make_every_page_and_pass_over_missing_files(
    acme: Any, card: Any
) -> None:
    with acme.scope():
        lost = WorkCardFileFactory(content=scan())
        default_storage.delete(lost.original.name)
        file = WorkCardFileFactory(content=pages(2, "TIFF"), page_count=2)
    for found in (file, lost):
        make_renditions.func(business_id=str(acme.id), file_id=str(found.pk))
    make_renditions.func(business_id=str(acme.id), file_id=str(card.pk))
    with acme.scope():
        file.refresh_from_db()
    assert [entry["is_made"] for entry in file.renditions] == [True, False]
    # One page per task, so that a long scan does not occupy a worker.
    (task,) = DBTaskResult.objects.all()
    assert task.args_kwargs["kwargs"]["page"] == 2
    make_renditions.func(**task.args_kwargs["kwargs"])
    with acme.scope():
        file.refresh_from_db()
    assert [entry["is_made"] for entry in file.renditions] == [True, True]
    assert DBTaskResult.objects.count() == 1, "there is no third page"


def test_the_task_of_a_dead_worker_no_longer_counts_as_running(
    acme: Any, card: Any
) -> None:
    make_renditions.enqueue(business_id=str(acme.id), file_id=str(card.file_id))
    task = DBTaskResult.objects.get()
    task.claim("a worker")  # and dies
    assert fail_dead_renditions() == 0, "it may still run"
    DBTaskResult.objects.update(started_at=F("started_at") - LEASE)
    call_command("reap_runs", stdout=io.StringIO())
    task.refresh_from_db()
    assert (task.status, task.traceback) == (
        "FAILED",
        "The worker stopped unexpectedly.",
    )


@pytest.mark.parametrize("role", ["admin", "reviewer", "uploader", "viewer"])
def test_everybody_of_the_business_sees_scans(acme: Any, card: Any, role: str) -> None:
    assert client_of(getattr(acme, role)).get(url(card)).status_code == 200


def test_nobody_else_does(acme: Any, globex: Any, card: Any) -> None:
    from rest_framework.test import APIClient

    for role in ("admin", "reviewer", "uploader", "viewer"):
        response = client_of(getattr(globex, role)).get(url(card))
        assert problem(response) == (404, "not_found", None)
    assert APIClient().get(url(card)).status_code == 401
