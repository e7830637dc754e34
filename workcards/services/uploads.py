"""Scans that come in."""

import logging
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from typing import Any, BinaryIO, cast

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import display_name
from automatehq.counters import take_a_place
from automatehq.rest.errors import Invalid, TooMany
from businesses.models import Business
from businesses.tenancy.context import get_current_business_id
from workcards.filetypes import clean_filename
from workcards.intake import READERS, Intake, Refused, inspect
from workcards.models import WorkCard, WorkCardFile
from workcards.months import first_of_month, processing_month_for
from workcards.scans import NotStored, Upload, store_original
from workcards.states import ReviewStatus, Source
from workcards.tasks import make_renditions
from workforce.models import Employee, Site

from .cards import require_open_site
from .locking import (
    lock_names,
    refuse_closed_month,
    require_open_month,
    require_right,
)
from .trail import FILE_FIELDS, card_snapshot, record_card

MAX_FILES = 50
# For the files of a request together: gunicorn and proxies wait longer than this.
READING_SECONDS = 40.0
# Requests of one person at a time: nobody alone can keep every thread of the server busy.
AT_ONCE = 3

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Duplicate:
    """A file whose bytes the business has already, on these cards; `index` is its place among those sent."""

    index: int
    filename: str
    existing: list[WorkCard]


@dataclass(frozen=True)
class Failure:
    """A file that was not taken in; `index` is its place among those sent."""

    index: int
    filename: str
    code: str
    detail: str


@dataclass
class Uploads:
    """What became of each file; `places` says of each new card at which place among those sent its file was."""

    uploaded: list[WorkCard] = field(default_factory=list)
    duplicates: list[Duplicate] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    places: dict[uuid.UUID, int] = field(default_factory=dict)


@transaction.atomic
def upload_cards(
    *,
    files: Sequence[Upload],
    actor: Any,
    site: Site | None = None,
    employee: Employee | None = None,
    month: date | None = None,
    allow_duplicate: bool = False,
) -> Uploads:
    """A card for each page of each scan, at `site` or else the employee's, for `month` or else the one of today.

    A file that can't be taken in is refused alone. One that the business has already is a duplicate and makes no card,
    unless `allow_duplicate`. Raises `Invalid`: no files or more than 50, no site, `site_closed`; `Conflict` `month_closed`,
    of today's month too: a card never goes to another month than people think; `TooMany` `too_many_uploads`.
    """
    require_right(actor, "cards.upload")
    if not 1 <= len(files) <= MAX_FILES:
        detail = _("Send from 1 to %(limit)s files.") % {"limit": MAX_FILES}
        raise Invalid("invalid", detail, "files")
    site = site or (employee.site if employee else None)
    if site is None:
        raise Invalid("required", _("Say at which site."), "site_id")
    require_open_site(site)
    month = first_of_month(month) if month else default_month()
    refuse_closed_month(month)
    if actor is not None and not take_a_place(f"upload {actor.pk}", AT_ONCE):
        detail = _("Uploads of yours are under way. Wait until one of them is done.")
        raise TooMany("too_many_uploads", detail, wait=5)
    card = WorkCard(
        site=site,
        employee=employee,
        processing_month=month,
        source=Source.UPLOAD_BATCH if len(files) > 1 else Source.UPLOAD_SINGLE,
        review_status=ReviewStatus.NEEDS_REVIEW
        if employee
        else ReviewStatus.NEEDS_ASSIGNMENT,
        uploaded_by=actor,
        uploaded_by_name=display_name(actor),
    )
    uploads = Uploads()
    readable = list(_inspected(files, uploads))
    # Held from here on only: who closes the month, and all who come after, need not wait until the scans are read.
    require_open_month(month)
    # Two uploads of the same bytes at once: the second waits here, and then finds the first one's card.
    lock_names("scan", {intake.sha256 for _index, intake in readable})
    for index, intake in readable:
        if not allow_duplicate and (existing := _cards_of(intake)):
            uploads.duplicates.append(Duplicate(index, intake.filename, existing))
            continue
        try:
            cards = _take_in(files[index], intake, card, actor)
        except NotStored:
            logger.exception("an upload could not be stored")
            detail = _("The file could not be stored. Send it again later.")
            uploads.failed.append(Failure(index, intake.filename, "not_stored", detail))
        else:
            uploads.uploaded += cards
            uploads.places |= dict.fromkeys((card.pk for card in cards), index)
    uploads.failed.sort(key=lambda failure: failure.index)
    return uploads


def default_month(business: Business | None = None) -> date:
    """The month that a card handed in now is for, if nobody says: at `business`, else at the one in scope."""
    if business is None:
        business = Business.objects.get(pk=get_current_business_id())
    return processing_month_for(
        timezone.localdate(timezone=business.zone), business.month_cutoff_day
    )


def _inspected(
    files: Sequence[Upload], uploads: Uploads
) -> Iterator[tuple[int, Intake]]:
    """The places of the files that can be read, and what they are; the others are noted in `uploads`."""
    deadline = time.monotonic() + READING_SECONDS

    def look(upload: Upload) -> Intake | Refused:
        try:
            name = upload.name or ""
            return inspect(cast(BinaryIO, upload), name, deadline=deadline)
        except Refused as refused:
            # A new one: what was raised holds on to all that its frames had in hand, the bytes of the file too.
            return Refused(refused.code)

    with ThreadPoolExecutor(READERS) as threads:
        for index, found in enumerate(threads.map(look, files)):
            if isinstance(found, Intake):
                yield index, found
            else:
                name = clean_filename(files[index].name or "")
                uploads.failed.append(Failure(index, name, found.code, found.detail))


def _cards_of(intake: Intake) -> list[WorkCard]:
    cards = WorkCard.objects.with_bytes(intake.sha256).select_related("employee")
    return list(cards.order_by("created_at", "source_page_number", "id"))


@transaction.atomic
def _take_in(
    upload: Upload, intake: Intake, pattern: WorkCard, actor: Any
) -> list[WorkCard]:
    """Store a scan and make a card like `pattern` for each of its pages. Raises `NotStored`."""
    file = store_original(upload, intake)
    cards = [_card(pattern, file, intake, page.number) for page in intake.pages]
    WorkCard.objects.bulk_create(cards)
    for card in cards:
        details = {name: getattr(card, name) for name in FILE_FIELDS}
        record_card(
            "card_uploaded", card, actor=actor, after=card_snapshot(card) | details
        )
    make_renditions.enqueue(business_id=str(file.business_id), file_id=str(file.pk))
    return cards


def _card(pattern: WorkCard, file: WorkCardFile, intake: Intake, page: int) -> WorkCard:
    return WorkCard(
        site=pattern.site,
        employee=pattern.employee,
        processing_month=pattern.processing_month,
        source=pattern.source,
        review_status=pattern.review_status,
        uploaded_by=pattern.uploaded_by,
        uploaded_by_name=pattern.uploaded_by_name,
        file=file,
        original_filename=intake.filename,
        mime_type=intake.mime_type,
        file_size_bytes=intake.size_bytes,
        sha256_hash=intake.sha256,
        source_page_number=page,
    )
