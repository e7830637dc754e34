"""The service that uploads scans."""

import logging
import time
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Any, BinaryIO, cast

from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User, display_name
from automatehq.api.errors import Invalid, TooMany
from automatehq.request_slots import Limits, NoFreeSlot
from businesses.models import Business
from businesses.tenancy.context import get_current_business_id
from businesses.tenancy.pre_transaction import before_scope
from workcards.models import WorkCard, WorkCardFile
from workcards.month_math import first_of_month, processing_month_for
from workcards.scans.scan_types import clean_filename
from workcards.scans.storage import NotStored, Upload, store_original
from workcards.scans.validation import MAX_DECODERS, InvalidScan, ScanInfo, inspect
from workcards.tasks import make_renditions
from workcards.transitions import CardSource, ReviewStatus
from workforce.models import Employee, Site

from .audit_events import FILE_FIELDS, card_snapshot, record_card
from .cards import require_open_site
from .locking import (
    check_month_open,
    lock_names,
    require_open_month,
    require_right,
)

MAX_FILES = 50
# For all files of a request together. It is shorter than the timeouts of gunicorn and of proxies.
READING_SECONDS = 40.0
LIMITS = Limits("upload", person=3, business=3, server=6)
BUSY: Mapping[str, Promise] = MappingProxyType(
    {
        "person": gettext_lazy(
            "Three of your uploads are in progress. Wait until one finishes."
        ),
        "business": gettext_lazy(
            "Other uploads of your business are in progress. Try again in a few seconds."
        ),
        "server": gettext_lazy(
            "Too many files are being processed. Try again in a few seconds."
        ),
    }
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Duplicate:
    """A file whose bytes the business already has, on the cards `existing`.

    `index` is the file's position in the request.
    """

    index: int
    filename: str
    existing: list[WorkCard]


@dataclass(frozen=True)
class Failure:
    """A file that was not stored; `index` is its position in the request."""

    index: int
    filename: str
    code: str
    detail: str


@dataclass
class Uploads:
    """The result for each file.

    `file_indexes` is new card → position of its file in the request.
    """

    uploaded: list[WorkCard] = field(default_factory=list)
    duplicates: list[Duplicate] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    file_indexes: dict[uuid.UUID, int] = field(default_factory=dict)


@transaction.atomic
def upload_cards(
    *,
    files: Sequence[Upload],
    actor: User | None,
    site: Site | None = None,
    employee: Employee | None = None,
    month: date | None = None,
    allow_duplicate: bool = False,
) -> Uploads:
    """Create a card for each page of each scan.

    The site is `site`, or else the employee's. The month is `month`, or else the business's current processing month.
    A file that can't be read fails alone. A file that the business already has is a duplicate and creates no card,
    unless `allow_duplicate`. Pages of it whose cards were deleted become cards again.

    Raises `Invalid`: no files or more than 50, no site, `site_closed`. Raises `Conflict` `month_closed`, also for the
    default month, because a card must not go to an unexpected month. Raises `TooMany` `too_many_uploads`.
    """
    require_right(actor, "cards.upload")
    if not 1 <= len(files) <= MAX_FILES:
        detail = _("Send 1 to %(limit)s files.") % {"limit": MAX_FILES}
        raise Invalid("invalid", detail, "files")
    site = site or (employee.site if employee else None)
    if site is None:
        raise Invalid("required", _("Choose a site."), "site_id")
    require_open_site(site)
    month = first_of_month(month) if month else default_month()
    check_month_open(month)
    card = WorkCard(
        site=site,
        employee=employee,
        processing_month=month,
        source=CardSource.UPLOAD_BATCH if len(files) > 1 else CardSource.UPLOAD_SINGLE,
        review_status=ReviewStatus.NEEDS_REVIEW
        if employee
        else ReviewStatus.NEEDS_ASSIGNMENT,
        uploaded_by=actor,
        uploaded_by_name=display_name(actor),
    )
    uploads = Uploads()
    # Read before the request's transaction begins. The checks above are repeated after it.
    inspected = before_scope(
        partial(
            _inspect_files,
            files=files,
            person_id=actor.pk if actor is not None else None,
            business_id=get_current_business_id(),
        )
    )
    readable = list(_split_readable(files, inspected, uploads))
    # Locked only from this point on: closing the month need not wait until the scans are read.
    require_open_month(month)
    # For two simultaneous uploads of the same bytes: the second waits here, then finds the first upload's card.
    lock_names("scan", {scan.sha256 for _index, scan in readable})
    for index, scan in readable:
        existing = [] if allow_duplicate else _existing_cards(scan)
        if existing:
            uploads.duplicates.append(Duplicate(index, scan.filename, existing))
        pages = {page.number for page in scan.pages} - {card.page for card in existing}
        if not pages:
            continue
        try:
            file = existing[0].file if existing else None
            cards = _create_cards(files[index], scan, card, actor, file, pages)
        except NotStored:
            logger.exception("an upload could not be stored")
            detail = _("The file could not be stored. Send it again later.")
            uploads.failed.append(Failure(index, scan.filename, "not_stored", detail))
        else:
            uploads.uploaded += cards
            uploads.file_indexes |= dict.fromkeys((card.pk for card in cards), index)
    uploads.failed.sort(key=lambda failure: failure.index)
    return uploads


def default_month(business: Business | None = None) -> date:
    """Return the current processing month of `business`, or of the business in scope."""
    if business is None:
        business = Business.objects.get(pk=get_current_business_id())
    return processing_month_for(
        timezone.localdate(timezone=business.zone), business.month_cutoff_day
    )


def _inspect_files(
    exit_stack: ExitStack, *, files: Sequence[Upload], person_id: Any, business_id: Any
) -> list[ScanInfo | InvalidScan]:
    """Return the inspection of each file, in order.

    Raises `TooMany` `too_many_uploads`, at once or after some seconds. The slot is released when `exit_stack` is closed.
    """
    try:
        LIMITS.enter(exit_stack, person_id=person_id, business_id=business_id)
    except NoFreeSlot as error:
        raise TooMany("too_many_uploads", BUSY[error.limit], wait=5) from error
    deadline = time.monotonic() + READING_SECONDS

    def inspect_file(upload: Upload) -> ScanInfo | InvalidScan:
        try:
            name = upload.name or ""
            return inspect(cast(BinaryIO, upload), name, deadline=deadline)
        except InvalidScan as error:
            # A new exception: the raised one references its frames, and through them the bytes of the file.
            return InvalidScan(error.code)

    with ThreadPoolExecutor(MAX_DECODERS) as threads:
        return list(threads.map(inspect_file, files))


def _split_readable(
    files: Sequence[Upload],
    inspected: Sequence[ScanInfo | InvalidScan],
    uploads: Uploads,
) -> Iterator[tuple[int, ScanInfo]]:
    """Yield position and inspection of the readable files.

    Unreadable files are added to `uploads.failed`.
    """
    for index, inspection in enumerate(inspected):
        if isinstance(inspection, ScanInfo):
            yield index, inspection
        else:
            name = clean_filename(files[index].name or "")
            uploads.failed.append(
                Failure(index, name, inspection.code, inspection.detail)
            )


def _existing_cards(scan: ScanInfo) -> list[WorkCard]:
    cards = WorkCard.objects.with_bytes(scan.sha256).select_related("employee", "file")
    return list(cards.order_by("created_at", "source_page_number", "id"))


@transaction.atomic
def _create_cards(
    upload: Upload,
    scan: ScanInfo,
    template: WorkCard,
    actor: User | None,
    file: WorkCardFile | None,
    pages: Collection[int],
) -> list[WorkCard]:
    """Create a card like `template` for each of these pages.

    The scan is stored unless `file` is given.

    Raises `NotStored`.
    """
    if file is None:
        file = store_original(upload, scan)
    cards = [_build_card(template, file, scan, page) for page in sorted(pages)]
    WorkCard.objects.bulk_create(cards)
    for card in cards:
        details = {name: getattr(card, name) for name in FILE_FIELDS}
        record_card(
            "card_uploaded", card, actor=actor, after=card_snapshot(card) | details
        )
    make_renditions.enqueue(business_id=str(file.business_id), file_id=str(file.pk))
    return cards


def _build_card(
    template: WorkCard, file: WorkCardFile, scan: ScanInfo, page: int
) -> WorkCard:
    return WorkCard(
        site=template.site,
        employee=template.employee,
        processing_month=template.processing_month,
        source=template.source,
        review_status=template.review_status,
        uploaded_by=template.uploaded_by,
        uploaded_by_name=template.uploaded_by_name,
        file=file,
        original_filename=scan.filename,
        mime_type=scan.mime_type,
        file_size_bytes=scan.size_bytes,
        sha256_hash=scan.sha256,
        source_page_number=page,
    )
