"""`manage.py sweep_files` deletes orphaned files and leaves referenced files.

Its output names both.
"""

import os
import time
import uuid
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import AuditEvent
from businesses.orphaned_files import Cleanup
from exports.models import ExportRun
from exports.tests.factories import ExportRunFactory
from workcards.models import WorkCardFile
from workcards.tests.factories import WorkCardFactory, picture

pytestmark = pytest.mark.django_db
DAY = 24 * 60 * 60


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    """Return a storage folder that only this test uses."""
    settings.MEDIA_ROOT = str(tmp_path / "media")
    return tmp_path / "media"


def put(path: str, *, days: float = 2, content: bytes = b"x" * 100) -> Path:
    """Write a stored file that is `days` old."""
    default_storage.save(path, ContentFile(content))
    place = Path(default_storage.path(path))
    then = time.time() - days * DAY
    os.utime(place, (then, then))
    os.utime(place.parent, (then, then))
    return place


class Swept:
    """The output of one run of the command."""

    def __init__(self, *arguments: str) -> None:
        out, err = StringIO(), StringIO()
        self.code = 0
        try:
            call_command("sweep_files", *arguments, stdout=out, stderr=err)
        except CommandError as error:
            self.code = error.returncode
            err.write(str(error))
        self.output, self.errors = out.getvalue(), err.getvalue()


def everything(media: Path) -> set[str]:
    return {str(p.relative_to(media)) for p in media.rglob("*") if not p.is_dir()}


@pytest.fixture
def scan(acme: Any) -> WorkCardFile:
    """Return a scan that is two days old, with one rendition."""
    with acme.scope():
        file = WorkCardFactory(uploaded=True, file__content=picture()).file
    for path in (file.original.name, file.rendition_path(1)):
        if not default_storage.exists(path):
            default_storage.save(path, ContentFile(b"display"))
        os.utime(default_storage.path(path), (time.time() - 2 * DAY,) * 2)
    return file


def test_a_file_without_a_row_goes_and_is_named(
    acme: Any, scan: WorkCardFile, media: Path
) -> None:
    stored = everything(media)
    key = f"businesses/{acme.id}/cards/{uuid.uuid4()}"
    place = put(f"{key}/original")
    put(f"{key}/display-1.jpg", content=b"y" * 50)
    # A rendition of a known scan, of a page that the scan does not have.
    put(scan.rendition_path(2), content=b"z")
    put(f"businesses/{acme.id}/imports/{uuid.uuid4()}/people.xlsx")
    swept = Swept()
    assert swept.code == 0, swept.errors
    assert everything(media) == stored
    assert f"removed: {key}/original (100 bytes, of " in swept.output
    assert "4 files removed, 251 bytes. 0 rows without their file." in swept.output
    # The empty folder is deleted too.
    assert not place.parent.exists()
    with acme.scope():
        event = AuditEvent.objects.get(event_type="files_swept")
    assert event.entity_id == acme.id
    assert event.metadata["after"] == {"files": 4, "bytes": 251}
    assert event.metadata["channel"] == "command"
    # A second run changes nothing and records no event.
    assert "0 files removed" in Swept().output
    with acme.scope():
        assert AuditEvent.objects.filter(event_type="files_swept").count() == 1


def test_a_dry_run_lists_files_and_removes_none(acme: Any, media: Path) -> None:
    key = f"businesses/{acme.id}/cards/{uuid.uuid4()}"
    put(f"{key}/original")
    before = everything(media)
    swept = Swept("--dry-run")
    assert f"would remove: {key}/original" in swept.output
    assert "1 files to delete, 100 bytes" in swept.output
    assert everything(media) == before
    with acme.scope():
        assert not AuditEvent.objects.filter(event_type="files_swept").exists()


def test_what_is_young_may_belong_to_a_request_under_way(
    acme: Any, media: Path
) -> None:
    folder = f"businesses/{acme.id}/cards"
    put(f"{folder}/{uuid.uuid4()}/original", days=0.9)
    (media / folder / str(uuid.uuid4())).mkdir()  # created, and still empty
    before = set(media.rglob("*"))
    assert "0 files removed" in Swept().output
    assert set(media.rglob("*")) == before
    assert "1 files removed" in Swept("--older-than", "20").output


@pytest.mark.parametrize("hours", ["0", "0.9", "-5", "nan", "inf", "1e300"])
def test_the_age_is_an_hour_at_least(hours: str) -> None:
    swept = Swept("--older-than", hours)
    assert swept.code == 1
    assert "--older-than must be from 1" in swept.errors


def test_an_empty_folder_goes_when_it_is_old(acme: Any, media: Path) -> None:
    folder = media / f"businesses/{acme.id}/cards/{uuid.uuid4()}"
    folder.mkdir(parents=True)
    os.utime(folder, (time.time() - 2 * DAY,) * 2)
    Swept()
    assert not folder.exists()


def test_exports_keep_what_their_rows_name(acme: Any, media: Path) -> None:
    with acme.scope():
        done = ExportRunFactory(status="DONE", attempts=2)
        folder = f"businesses/{acme.id}/exports/{done.pk}"
        done.file, done.snapshot = f"{folder}-2/file.csv", f"{folder}-2/snapshot.jsonl"
        done.save()
        running = ExportRunFactory(status="RUNNING", attempts=2)
        under_way = f"businesses/{acme.id}/exports/{running.pk}-2"
        failed = ExportRunFactory(status="FAILED", attempts=3)
    stored = [done.file, done.snapshot, f"{under_way}/file.csv"]
    gone = [
        f"{folder}-1/file.csv",  # of a worker that was killed
        f"{folder}-2/leftover.tmp",
        f"businesses/{acme.id}/exports/{running.pk}-1/file.csv",
        f"businesses/{acme.id}/exports/{failed.pk}-3/file.csv",
        f"businesses/{acme.id}/exports/{uuid.uuid4()}-1/file.csv",
        f"businesses/{acme.id}/exports/nonsense/file.csv",
    ]
    for path in stored + gone:
        put(path)
    swept = Swept()
    assert swept.code == 0, swept.errors
    assert everything(media) == set(stored)


def test_a_row_whose_file_is_gone_is_named_and_left(
    acme: Any, globex: Any, scan: WorkCardFile
) -> None:
    with globex.scope():
        run = ExportRunFactory(status="DONE")
        run.file = f"businesses/{globex.id}/exports/{run.pk}-1/file.csv"
        run.save()
        ExportRunFactory(status="FAILED")
    default_storage.delete(scan.original.name)
    swept = Swept()
    assert swept.code == 1
    assert (
        f"lost: {scan.original.name}, of the work card file {scan.pk} of business {acme.id}"
        in swept.errors
    )
    assert f"lost: {run.file}, of the export run {run.pk}" in swept.errors
    assert "2 rows without their file" in swept.output
    with acme.scope():
        assert WorkCardFile.objects.filter(pk=scan.pk).exists()
    with globex.scope():
        assert ExportRun.objects.get(pk=run.pk).status == "DONE"


def test_another_business_s_folder_does_not_make_a_file_known(
    acme: Any, globex: Any, scan: WorkCardFile
) -> None:
    """A row counts only in the business that the folder belongs to."""
    path = f"businesses/{globex.id}/cards/{scan.pk}/original"
    place = put(path)
    assert f"removed: {path}" in Swept().output
    assert not place.exists()
    assert default_storage.exists(scan.original.name)


def test_what_is_not_ours_is_left_alone_and_named(acme: Any, media: Path) -> None:
    strange = [
        "elsewhere/card.jpg",  # not examined
        "businesses/readme.txt",
        "businesses/lost+found/x",
        f"businesses/{uuid.uuid4()}/cards/{uuid.uuid4()}/original",
        f"businesses/{acme.id}/notes.txt",
        f"businesses/{acme.id}/backup/old.tar",
        f"businesses/{acme.id}/cards/card.jpg",
        f"businesses/{acme.id}/cards/{uuid.uuid4()}/deeper/original",
    ]
    for path in strange:
        put(path)
    before = everything(media)
    swept = Swept()
    assert swept.code == 1
    assert everything(media) == before
    assert "7 entries skipped" in swept.output
    assert "elsewhere" not in swept.output + swept.errors


def test_links_are_not_followed(acme: Any, media: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "cards" / str(uuid.uuid4())).mkdir(parents=True)
    victims = [
        outside / "original",
        outside / "cards" / "a",
        *(p / "original" for p in (outside / "cards").iterdir()),
    ]
    for victim in victims:
        victim.write_bytes(b"precious")
        os.utime(victim, (0, 0))
    cards = media / f"businesses/{acme.id}/cards"
    cards.mkdir(parents=True)
    (cards / str(uuid.uuid4())).symlink_to(outside)
    with_link = cards / str(uuid.uuid4())
    with_link.mkdir()
    (with_link / "original").symlink_to(outside / "original")
    (media / "businesses" / str(acme.id) / "exports").symlink_to(outside / "cards")
    (media / "businesses" / str(uuid.uuid4())).symlink_to(outside)
    swept = Swept()
    assert swept.code == 1
    assert all(victim.read_bytes() == b"precious" for victim in victims)
    assert "4 entries skipped" in swept.output


def test_a_file_that_cannot_be_removed_is_named_and_the_others_go(
    acme: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, free = (f"businesses/{acme.id}/cards/{uuid.uuid4()}/original" for _ in "ab")
    put(stuck)
    put(free)
    remove = os.remove

    def remove_unless_stuck(path: str) -> None:
        if path.endswith(stuck):
            raise PermissionError("not yours")
        remove(path)

    monkeypatch.setattr(os, "remove", remove_unless_stuck)
    swept = Swept()
    assert swept.code == 1
    assert f"{stuck}: cannot be deleted: not yours" in swept.errors
    assert not default_storage.exists(free)


def test_it_works_with_any_storage_that_lists(
    acme: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = InMemoryStorage()
    key = f"businesses/{acme.id}/cards/{uuid.uuid4()}"
    storage.save(f"{key}/original", ContentFile(b"12345"))
    storage.save("businesses/strange.txt", ContentFile(b"1"))
    output: list[str] = []
    later = timezone.now() + timedelta(hours=1)
    cleanup = Cleanup(
        storage,
        later,
        is_dry_run=False,
        write_line=output.append,
        write_error=output.append,
    )
    cleanup.run()
    assert not storage.exists(f"{key}/original")
    assert storage.exists("businesses/strange.txt")
    assert (cleanup.removed, cleanup.removed_bytes, cleanup.skipped) == (1, 5, 1)


def test_nothing_stored_yet_is_no_fault() -> None:
    swept = Swept()
    assert (swept.code, swept.errors) == (0, "")


def test_queries_do_not_grow_with_the_files(acme: Any) -> None:
    # The number of businesses counts too, and a test before may have left some.
    counts = []
    for files in (2, 40):
        for _ in range(files):
            put(f"businesses/{acme.id}/cards/{uuid.uuid4()}/original")
        with CaptureQueriesContext(connection) as captured:
            assert f"{files} files removed" in Swept().output
        counts.append(len(captured))
    assert counts[0] == counts[1]
