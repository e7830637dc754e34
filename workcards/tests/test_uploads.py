"""Uploads of scans by the API."""

import hashlib
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
import time_machine
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from accounts.tests.api_clients import client_of
from audit.models import AuditEvent
from automatehq.request_slots import acquire_file_slot
from tests.api_helpers import open_transactions
from workcards import services
from workcards.models import WorkCard, WorkCardFile
from workcards.scans import validation
from workcards.services import uploads
from workcards.tests.factories import WorkCardFactory, picture
from workcards.tests.scan_samples import pages, pdf_of_a_billion_drawings, scan
from workforce.tests.factories import EmployeeFactory, SiteFactory, SiteSettingsFactory

URL = "/api/work_cards/upload"
pytestmark = pytest.mark.django_db


def image(name: str = "card.png", shade: int = 255) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture(shade), "image/png")


@pytest.fixture
def site(acme: Any) -> Any:
    with acme.scope():
        return SiteFactory(site_name="Construction Site 1")


@pytest.fixture
def client(acme: Any) -> Any:
    return client_of(acme.uploader)


def upload(client: Any, *files: Any, **fields: Any) -> Any:
    return client.post(URL, {"files": list(files), **fields}, format="multipart")


def errors(response: Any) -> list[Any]:
    return [(e["code"], e["attr"]) for e in response.json()["errors"]]


def stored() -> set[str]:
    """Return the paths of all files in storage."""

    def walk(folder: str) -> Any:
        folders, files = default_storage.listdir(folder)
        yield from (f"{folder}/{name}" for name in files)
        for name in folders:
            yield from walk(f"{folder}/{name}")

    return set(walk("businesses")) if default_storage.exists("businesses") else set()


@time_machine.travel("2026-07-05 09:00+00:00")
def test_a_picture_becomes_a_card(acme: Any, site: Any) -> None:
    client = client_of(acme.uploader)
    response = upload(client, image("March card.png"), site_id=str(site.pk))
    assert response.status_code == 201, response.content
    body = response.json()
    assert (body["duplicates"], body["failed"]) == ([], [])
    (card,) = body["uploaded"]
    data = picture()
    assert card["site"] == {"id": str(site.pk), "name": "Construction Site 1"}
    assert card["employee"] is None
    assert card["processing_month"] == "2026-06"
    assert card["source"] == "UPLOAD_SINGLE"
    assert card["review_status"] == "NEEDS_ASSIGNMENT"
    assert card["version"] == 1
    assert card["uploaded_by"] == {
        "id": str(acme.uploader.pk),
        "name": acme.uploader.full_name,
    }
    assert card["original_filename"] == "March card.png"
    assert card["mime_type"] == "image/png"
    assert card["file_size_bytes"] == len(data)
    assert card["sha256_hash"] == hashlib.sha256(data).hexdigest()
    assert card["source_page_number"] == 1
    assert card["has_file"] is True
    with acme.scope():
        file = WorkCardFile.objects.get()
        assert file.original.read() == data
        event = AuditEvent.objects.get(event_type="card_uploaded")
    assert file.original.name.startswith(f"businesses/{acme.id}/cards/")
    assert "March" not in file.original.name
    assert str(event.work_card_id) == card["id"]
    assert event.metadata["after"]["original_filename"] == "March card.png"


def test_with_an_employee_it_waits_for_review_at_their_site(
    acme: Any, client: Any
) -> None:
    with acme.scope():
        employee = EmployeeFactory()
    response = upload(client, image(), employee_id=str(employee.pk), month="2026-03-17")
    (card,) = response.json()["uploaded"]
    assert card["employee_id"] == str(employee.pk)
    assert card["site_id"] == str(employee.site_id)
    assert card["review_status"] == "NEEDS_REVIEW"
    assert card["processing_month"] == "2026-03"


@pytest.mark.parametrize(
    ("now", "cutoff", "month"),
    [
        ("2026-03-10 12:00+00:00", 10, "2026-02"),
        ("2026-03-11 12:00+00:00", 10, "2026-03"),
        # Already the eleventh in Jerusalem, still the tenth in New York.
        ("2026-03-10 23:00+00:00", 10, "2026-03"),
        ("2026-01-01 12:00+00:00", 1, "2025-12"),
    ],
)
def test_the_month_follows_the_cutoff_day_by_the_business_s_clock(
    acme: Any, client: Any, site: Any, now: str, cutoff: int, month: str
) -> None:
    with acme.scope():
        acme.business.month_cutoff_day = cutoff
        acme.business.save()
    with time_machine.travel(now):
        response = upload(client_of(acme.uploader), image(), site_id=str(site.pk))
    assert response.json()["uploaded"][0]["processing_month"] == month


def test_several_files_are_a_batch_and_each_page_is_a_card(
    acme: Any, client: Any, site: Any
) -> None:
    response = upload(
        client,
        image(),
        SimpleUploadedFile("scan.pdf", pages(3, "PDF")),
        site_id=str(site.pk),
    )
    cards = response.json()["uploaded"]
    assert [card["source_page_number"] for card in cards] == [1, 1, 2, 3]
    assert {card["source"] for card in cards} == {"UPLOAD_BATCH"}
    assert len({card["sha256_hash"] for card in cards[1:]}) == 1
    with acme.scope():
        assert WorkCardFile.objects.count() == 2
        assert AuditEvent.objects.filter(event_type="card_uploaded").count() == 4


def test_the_same_bytes_again_name_the_card_that_has_them(
    acme: Any, client: Any, site: Any
) -> None:
    first = upload(client, image("a.png"), site_id=str(site.pk), month="2026-05")
    again = upload(client, image("b.png"), image("c.png"), site_id=str(site.pk))
    assert again.status_code == 200
    existing = {
        "work_card_id": first.json()["uploaded"][0]["id"],
        "employee": None,
        "processing_month": "2026-05",
        "review_status": "NEEDS_ASSIGNMENT",
    }
    assert again.json() == {
        "uploaded": [],
        "duplicates": [
            {"filename": "b.png", "existing": [existing]},
            {"filename": "c.png", "existing": [existing]},
        ],
        "failed": [],
    }
    with acme.scope():
        assert WorkCard.objects.count() == 1


def test_the_same_bytes_twice_in_one_request(client: Any, site: Any) -> None:
    body = upload(client, image("a.png"), image("b.png"), site_id=str(site.pk)).json()
    (card,) = body["uploaded"]
    (duplicate,) = body["duplicates"]
    assert duplicate["existing"][0]["work_card_id"] == card["id"]


def test_a_duplicate_can_be_allowed(client: Any, site: Any) -> None:
    upload(client, image(), site_id=str(site.pk))
    again = upload(client, image(), site_id=str(site.pk), allow_duplicate="true")
    assert again.status_code == 201


def test_a_deleted_card_is_no_duplicate(client: Any, site: Any) -> None:
    card = upload(client, image(), site_id=str(site.pk)).json()["uploaded"][0]
    assert client.delete(f"/api/work_cards/{card['id']}").status_code == 204
    assert upload(client, image(), site_id=str(site.pk)).status_code == 201


def test_a_deleted_page_becomes_a_card_again_alone(
    acme: Any, client: Any, site: Any
) -> None:
    data = pages(3, "PDF")

    def send(**more: str) -> Any:
        document = SimpleUploadedFile("three.pdf", data, "application/pdf")
        return upload(client, document, site_id=str(site.pk), **more)

    cards = send().json()["uploaded"]
    assert client.delete(f"/api/work_cards/{cards[1]['id']}").status_code == 204
    response = send(month="2026-05")
    assert response.status_code == 201
    body = response.json()
    (page,) = body["uploaded"]
    assert (page["source_page_number"], page["processing_month"]) == (2, "2026-05")
    (duplicate,) = body["duplicates"]
    found = [existing["work_card_id"] for existing in duplicate["existing"]]
    assert found == [cards[0]["id"], cards[2]["id"]]
    # The scan is stored once.
    with acme.scope():
        assert WorkCardFile.objects.count() == 1
        assert WorkCard.objects.values("file").distinct().count() == 1
    scan = client.get(f"/api/work_cards/{page['id']}/file?rendition=display")
    assert scan.status_code == 200
    assert send().status_code == 200
    assert len(send(allow_duplicate="true").json()["uploaded"]) == 3


def test_another_businesss_bytes_are_no_duplicate(
    acme: Any, globex: Any, client: Any, site: Any
) -> None:
    upload(client_of(globex.uploader), image(), site_id=str(site.pk))
    assert upload(client, image(), site_id=str(site.pk)).status_code == 201


def test_what_cannot_be_read_is_refused_alone(client: Any, site: Any) -> None:
    response = upload(
        client,
        SimpleUploadedFile("empty.png", b""),
        SimpleUploadedFile("page.png", b"<svg onload=alert(1)>"),
        image("good.png"),
        SimpleUploadedFile("big.png", b"\x89PNG\r\n\x1a\n" + b"x" * 10 * 1024 * 1024),
        SimpleUploadedFile("half.jpg", scan()[:500]),
        site_id=str(site.pk),
    )
    assert response.status_code == 201
    body = response.json()
    assert [card["original_filename"] for card in body["uploaded"]] == ["good.png"]
    assert [(f["filename"], f["code"]) for f in body["failed"]] == [
        ("empty.png", "empty_file"),
        ("page.png", "markup_file"),
        ("big.png", "file_too_large"),
        ("half.jpg", "damaged_file"),
    ]


def test_if_all_fail_it_is_a_400_that_names_each(
    acme: Any, client: Any, site: Any
) -> None:
    response = upload(
        client,
        SimpleUploadedFile("a.txt", b"hello"),
        SimpleUploadedFile("b.png", b""),
        site_id=str(site.pk),
    )
    assert response.status_code == 400
    assert errors(response) == [
        ("unsupported_type", "files.0"),
        ("empty_file", "files.1"),
    ]
    assert [f["filename"] for f in response.json()["failed"]] == ["a.txt", "b.png"]
    assert response.json()["uploaded"] == []
    with acme.scope():
        assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd.png",
        "C:\\card.png",
        "a\u202egnp.exe",
        "x" * 300 + ".png",
        "a\0b.png",
        'a"b\r\nX-Evil: 1.png',
        "כרטיס עבודה.png",
        ".png",
        "<script>.html",
    ],
)
def test_hostile_names_are_made_harmless(client: Any, site: Any, name: str) -> None:
    body = b"".join(
        [
            b"--limit\r\n",
            b'Content-Disposition: form-data; name="site_id"\r\n\r\n',
            f"{site.pk}\r\n".encode(),
            b"--limit\r\n",
            b'Content-Disposition: form-data; name="files"; filename="'
            + name.replace('"', '\\"').replace("\r\n", " ").encode()
            + b'"\r\n',
            b"Content-Type: image/png\r\n\r\n",
            picture(),
            b"\r\n--limit--\r\n",
        ]
    )
    response = client.generic(
        "POST", URL, body, content_type="multipart/form-data; boundary=limit"
    )
    assert response.status_code == 201, response.content
    (card,) = response.json()["uploaded"]
    clean = card["original_filename"]
    assert 0 < len(clean) <= 120
    assert clean.endswith(".png")
    assert not set(clean) & set('/\\\0\r\n"<>\u202e')
    file = client.get(f"/api/work_cards/{card['id']}/file")
    assert file.status_code == 200
    assert "\r" not in file["Content-Disposition"]


def test_what_an_upload_must_say(acme: Any, client: Any, site: Any) -> None:
    with acme.scope():
        homeless = EmployeeFactory(site=None)
    assert errors(upload(client, image())) == [("required", "site_id")]
    assert errors(upload(client, image(), employee_id=str(homeless.pk))) == [
        ("required", "site_id")
    ]
    assert errors(upload(client, site_id=str(site.pk))) == [("required", "files")]
    bad = upload(client, "text", site_id="x", month="June", colour="red")
    assert set(errors(bad)) == {
        ("invalid", "files.0"),
        ("invalid", "site_id"),
        ("invalid", "month"),
        ("unknown_field", "colour"),
    }
    assert client.post(URL, {"files": []}, format="json").status_code == 415


def test_more_than_fifty_files_are_too_many(client: Any, site: Any) -> None:
    files = [image(f"{number}.png", number) for number in range(51)]
    response = upload(client, *files, site_id=str(site.pk))
    assert response.status_code == 400
    assert errors(response) == [("too_many_files", "files")]


@pytest.mark.parametrize("closed_by", ["inactive", "hidden"])
def test_a_closed_site_takes_no_new_cards(
    acme: Any, client: Any, closed_by: str
) -> None:
    with acme.scope():
        site = SiteFactory(is_active=closed_by != "inactive")
        if closed_by == "hidden":
            SiteSettingsFactory(site=site, is_hidden=True)
    assert errors(upload(client, image(), site_id=str(site.pk))) == [
        ("site_closed", "site_id")
    ]


def test_another_businesss_hidden_site_is_open_here(
    acme: Any, globex: Any, client: Any, site: Any
) -> None:
    with globex.scope():
        SiteSettingsFactory(site=site, is_hidden=True)
    assert upload(client, image(), site_id=str(site.pk)).status_code == 201


def test_an_upload_asks_for_its_renditions(
    acme: Any, client: Any, site: Any, transactional_db: Any
) -> None:
    from django.core.management import call_command

    card = upload(client, image(), site_id=str(site.pk)).json()["uploaded"][0]
    call_command("db_worker", batch=True, interval=0, startup_delay=False, verbosity=0)
    with acme.scope():
        file = WorkCardFile.objects.get()
    assert file.renditions == [{"width": 60, "height": 80, "is_made": True}]
    assert default_storage.exists(file.rendition_path(1))
    details = client.get(f"/api/work_cards/{card['id']}?details=true").json()
    assert (details["file"]["width"], details["file"]["height"]) == (60, 80)


class Broken(Exception):
    pass


def test_an_upload_that_dies_half_way_leaves_nothing(
    acme: Any, site: Any, transactional_db: Any
) -> None:
    before = stored()

    def run(**values: Any) -> None:
        with acme.scope():
            services.upload_cards(
                files=[image(), image(shade=7)], site=site, actor=acme.uploader
            )

    with (
        patch("workcards.services.uploads.record_card", side_effect=Broken),
        pytest.raises(Broken),
    ):
        run()
    with acme.scope():
        assert not WorkCardFile.objects.exists()
    assert stored() == before

    # After all writes, but before the commit.
    with pytest.raises(Broken), acme.scope():
        services.upload_cards(files=[image()], site=site, actor=acme.uploader)
        assert len(stored()) == len(before) + 1
        raise Broken
    assert stored() == before

    # In a savepoint of a transaction that continues.
    with acme.scope():
        with pytest.raises(Broken), transaction.atomic():
            services.upload_cards(files=[image()], site=site, actor=acme.uploader)
            raise Broken
        assert stored() == before
        services.upload_cards(files=[image(shade=9)], site=site, actor=acme.uploader)
    assert len(stored()) == len(before) + 1


def test_an_upload_whose_answer_fails_leaves_nothing(
    acme: Any, site: Any, transactional_db: Any
) -> None:
    before = stored()
    client = client_of(acme.uploader)
    client.raise_request_exception = False
    with patch("workcards.views.scan_views.UploadsSerializer", side_effect=Broken):
        assert upload(client, image(), site_id=str(site.pk)).status_code == 500
    assert stored() == before
    with acme.scope():
        assert not WorkCard.objects.exists()
        assert not AuditEvent.objects.exists()


def test_a_file_that_storage_does_not_take_is_refused_alone(
    acme: Any, client: Any, site: Any, transactional_db: Any
) -> None:
    before = stored()
    save = default_storage.save
    calls: list[str] = []

    def full_disk(name: str, content: Any, **kwargs: Any) -> str:
        calls.append(name)
        if len(calls) != 2:
            return save(name, content, **kwargs)
        save(name, SimpleUploadedFile("half", content.read()[:10]))
        raise OSError("No space left on device")

    files = [image("a.png", 1), image("b.png", 2), image("c.png", 3)]
    with patch.object(default_storage, "save", full_disk):
        response = upload(client, *files, site_id=str(site.pk))
    assert response.status_code == 201
    body = response.json()
    assert [c["original_filename"] for c in body["uploaded"]] == ["a.png", "c.png"]
    assert [(f["filename"], f["code"]) for f in body["failed"]] == [
        ("b.png", "not_stored")
    ]
    # The second file leaves no bytes, rows, events or tasks.
    assert stored() - before == {calls[0], calls[2]}
    with acme.scope():
        assert WorkCardFile.objects.count() == 2
        assert AuditEvent.objects.filter(event_type="card_uploaded").count() == 2
    again = upload(client, image("b.png", 2), site_id=str(site.pk))
    assert again.status_code == 201


def test_when_storage_takes_nothing_each_file_is_told(client: Any, site: Any) -> None:
    with patch.object(default_storage, "save", side_effect=OSError("away")):
        response = upload(client, image(), image(shade=3), site_id=str(site.pk))
    assert response.status_code == 400
    assert errors(response) == [("not_stored", "files.0"), ("not_stored", "files.1")]


def test_what_was_not_read_in_time_is_told_and_the_others_go_in(
    client: Any, site: Any
) -> None:
    slow = [
        SimpleUploadedFile(f"{n}.pdf", pdf_of_a_billion_drawings() + b"%" * n)
        for n in range(10)
    ]
    started = time.monotonic()
    with patch("workcards.services.uploads.READING_SECONDS", 3.0):
        response = upload(client, image("good.png"), *slow, site_id=str(site.pk))
    assert time.monotonic() - started < 6
    assert response.status_code == 201, response.content
    body = response.json()
    assert [card["original_filename"] for card in body["uploaded"]] == ["good.png"]
    assert [f["filename"] for f in body["failed"]] == [f"{n}.pdf" for n in range(10)]
    codes = [f["code"] for f in body["failed"]]
    assert set(codes) <= {"too_complex", "not_read_in_time"}
    assert set(codes[-5:]) == {"not_read_in_time"}


def test_three_uploads_of_a_person_are_worked_on_at_once(
    acme: Any, client: Any, site: Any
) -> None:
    with ExitStack() as held:
        for _ in range(3):
            acquire_file_slot(held, f"upload person {acme.uploader.pk}", 3)
        response = upload(client, image(), site_id=str(site.pk))
        assert response.status_code == 429
        assert errors(response) == [("too_many_uploads", None)]
        assert response["Retry-After"] == "5"
        # Other users of the business need not wait.
        reviewer = client_of(acme.reviewer)
        assert upload(reviewer, image(), site_id=str(site.pk)).status_code == 201
    again = upload(client, image(shade=4), site_id=str(site.pk))
    assert again.status_code == 201


def test_uploads_of_a_business_wait_for_their_turn(
    acme: Any, globex: Any, client: Any, site: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(uploads, "LIMITS", replace(uploads.LIMITS, seconds=0.2))
    with ExitStack() as held:
        for _ in range(3):
            acquire_file_slot(held, f"upload business {acme.id}", 3)
        response = upload(client, image(), site_id=str(site.pk))
        assert errors(response) == [("too_many_uploads", None)]
        other = client_of(globex.uploader)
        assert upload(other, image(), site_id=str(site.pk)).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_scans_are_read_while_no_transaction_is_open(
    client: Any, site: Any, monkeypatch: Any
) -> None:
    seen: list[int] = []

    def inspect(*arguments: Any, **options: Any) -> Any:
        seen.append(open_transactions())
        return validation.inspect(*arguments, **options)

    monkeypatch.setattr(uploads, "inspect", inspect)
    response = upload(client, image(), image(shade=4), site_id=str(site.pk))
    assert response.status_code == 201
    assert seen == [0, 0]


def post_claiming(client: Any, url: str, size: int) -> Any:
    """Return the response to a form with a declared size of which no byte has arrived."""
    return client.generic(
        "POST",
        url,
        b"--limit\r\n",
        content_type="multipart/form-data; boundary=limit",
        CONTENT_LENGTH=str(size),
    )


def test_a_request_that_is_too_large_is_refused_by_what_it_says_of_itself(
    client: Any,
) -> None:
    response = post_claiming(client, URL, 600 * 1024**2)
    assert response.status_code == 413
    assert errors(response) == [("too_large", None)]


def test_nobody_sends_files_who_has_not_signed_in() -> None:
    assert post_claiming(Client(), URL, 2 * 1024**2).status_code == 401
    visitor = Client(enforce_csrf_checks=True)
    visitor.cookies["csrftoken"] = "x" * 32  # it makes Django read the form
    assert post_claiming(visitor, "/admin/login/", 2 * 1024**2).status_code == 400


def test_a_viewer_cannot_upload(acme: Any, site: Any) -> None:
    response = upload(client_of(acme.viewer), image(), site_id=str(site.pk))
    assert response.status_code == 403
    assert errors(response) == [("permission_denied", None)]


def test_what_belongs_to_another_business_is_not_there(
    acme: Any, globex: Any, client: Any, site: Any
) -> None:
    with globex.scope():
        foreign = EmployeeFactory()
        WorkCardFactory(uploaded=True, file__content=picture())
    response = upload(client, image(), employee_id=str(foreign.pk))
    assert errors(response) == [("does_not_exist", "employee_id")]
    # Another business's card with the same bytes is not a duplicate.
    assert upload(client, image(), site_id=str(site.pk)).status_code == 201
