"""Storage of scans: write, read, render, and delete together with their rows.

A file is in storage before its row is committed, and is deleted after its row. A row without its file would be a card
that no user can read.
"""

import logging
import weakref
from contextlib import ExitStack
from functools import partial
from io import BytesIO
from typing import Any, TypeAlias

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from automatehq.api.errors import Missing, TooMany
from automatehq.request_slots import Limits, NoFreeSlot
from businesses.tenancy.context import (
    get_current_business_id,
    try_get_business_id,
    try_get_current_user,
)
from businesses.tenancy.pre_transaction import before_scope
from workcards.models import WorkCardFile

from .renditions import Rendition, display_rendition
from .validation import InvalidScan, ScanInfo

Upload: TypeAlias = "UploadedFile[bytes]"

# Pages rendered during a request; a task has rendered most pages before. More requests may wait than for other files:
# rendering takes under a second, and an error shows as a broken image.
DISPLAY_LIMITS = Limits(
    "scan display",
    person=5,
    business=2,
    server=3,
    waiting_business=3,
    waiting_server=4,
)

logger = logging.getLogger(__name__)


class NotStored(Exception):
    """Storage did not accept a file: the disk is full, or storage is unreachable. `__cause__` has the reason."""


class DeleteOnRollback:
    """Deletes a stored file if the transaction or savepoint of its storing is rolled back.

    Django calls a hook on commit and drops it silently on rollback. Only the hook references this object. When the
    hook is dropped, the object is collected and the file deleted.
    """

    def __init__(self, path: str) -> None:
        self._undo = weakref.finalize(self, default_storage.delete, path)
        self._undo.atexit = False

    def cancel(self) -> None:
        self._undo.detach()


def _store(path: str, content: File) -> None:  # type: ignore[type-arg]
    """Store a file, and delete it if the transaction is rolled back.

    No other file may exist at `path`. Raises `NotStored`.
    """
    transaction.on_commit(DeleteOnRollback(path).cancel, robust=True)
    try:
        stored = default_storage.save(path, content)
    except Exception as error:  # each storage backend has its own errors
        raise NotStored(path) from error
    assert stored == path, f"{path} already exists"


def store_original(upload: Upload, scan: ScanInfo) -> WorkCardFile:
    """Store an upload unchanged. Raises `NotStored`."""
    file = WorkCardFile(
        mime_type=scan.mime_type,
        file_size_bytes=scan.size_bytes,
        sha256_hash=scan.sha256,
        page_count=len(scan.pages),
        renditions=[
            {"width": page.width, "height": page.height, "is_made": False}
            for page in scan.pages
        ],
    )
    file.enter_business(get_current_business_id())
    path = file.original_path()
    # A copy: storage would otherwise move the request's temporary file, which a retry needs.
    _store(path, File(upload))
    file.original.name = path
    file.save(force_insert=True)
    return file


def read_original(file: WorkCardFile) -> bytes:
    """Return the original bytes. Raises `Missing` `file_missing` if storage has lost them."""
    return _read(str(file.original.name))


def read_display(file: WorkCardFile, page: int) -> bytes:
    """Return a page as a JPEG; render it before the request's transaction if necessary.

    Raises `Missing`: `file_missing` if storage has lost the original, `not_displayable` if it can't be read. Raises
    `TooMany` `too_many_scans`.
    """
    stored = read_stored_display(file, page)
    if stored is not None:
        return stored
    rendition: Rendition = before_scope(
        partial(
            _render_page,
            file=file,
            page=page,
            person_id=getattr(try_get_current_user(), "pk", None),
            business_id=try_get_business_id(),
        )
    )
    # Not stored on the platform, whose scope is read only.
    if try_get_business_id() is not None:
        store_display(file, page, rendition)
    return rendition.data


def read_stored_display(file: WorkCardFile, page: int) -> bytes | None:
    """Return the page's JPEG, or None if it is not in storage."""
    if not _is_rendered(file, page):
        return None
    try:
        return _read(file.rendition_path(page))
    except Missing:
        return None  # lost, but it can be made again


def render_display(file: WorkCardFile, page: int) -> Rendition:
    """Render a page as a JPEG, without the database. Raises `Missing` as `read_display`."""
    try:
        return display_rendition(BytesIO(read_original(file)), page)
    except InvalidScan as error:
        raise Missing("not_displayable", error.detail) from error


def store_display(file: WorkCardFile, page: int, rendition: Rendition) -> None:
    """Store a page's JPEG; log an error of storage."""
    try:
        with transaction.atomic():
            size = rendition.width, rendition.height
            _store_rendition(file, page, rendition.data, size)
    except NotStored:
        logger.exception("a rendition could not be stored")


def _render_page(
    exit_stack: ExitStack,
    *,
    file: WorkCardFile,
    page: int,
    person_id: Any,
    business_id: Any,
) -> Rendition:
    try:
        DISPLAY_LIMITS.enter(exit_stack, person_id=person_id, business_id=business_id)
    except NoFreeSlot as error:
        detail = _("Too many files are being processed. Try again in a few seconds.")
        raise TooMany("too_many_scans", detail, wait=5) from error
    return render_display(file, page)


def remove_after_commit(file: WorkCardFile) -> None:
    """Delete a file and its renditions from storage after the current transaction commits.

    The transaction is the one that deletes the file's row.
    """
    for path in (*file.required_files(), *file.optional_files()):

        def remove(
            path: str = path,
        ) -> None:  # no partial: Django logs the function's name
            default_storage.delete(path)

        transaction.on_commit(remove, robust=True)


def _store_rendition(
    file: WorkCardFile, page: int, data: bytes, size: tuple[int, int]
) -> None:
    """Store a rendition, then mark it in the row.

    Before the mark, no request reads the file, which may be half written.
    """
    locked = (
        WorkCardFile.objects.select_for_update(no_key=True).filter(pk=file.pk).first()
    )
    if locked is None:
        return  # deleted meanwhile
    path = locked.rendition_path(page)
    # A file that the row does not mark was left by a worker that died.
    if _is_rendered(locked, page) and default_storage.exists(path):
        return
    default_storage.delete(path)
    _store(path, ContentFile(data))
    missing = max(locked.page_count, page) - len(locked.renditions)
    locked.renditions += [{"width": None, "height": None, "is_made": False}] * missing
    width, height = size
    locked.renditions[page - 1] = {"width": width, "height": height, "is_made": True}
    locked.save(update_fields=["renditions"])


def _is_rendered(file: WorkCardFile, page: int) -> bool:
    return bool(
        len(file.renditions) >= page and file.renditions[page - 1].get("is_made")
    )


def _read(path: str) -> bytes:
    try:
        with default_storage.open(path) as stored:
            data: bytes = stored.read()
            return data
    except FileNotFoundError as error:
        raise Missing("file_missing", _("The file is no longer in storage.")) from error
