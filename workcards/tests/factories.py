"""Factories of cards, days and ledger rows. They need the scope of a business."""

import datetime as dt
import hashlib
import io
from decimal import Decimal
from typing import Any

import factory
from django.core.files.base import ContentFile
from django.utils import timezone
from factory.django import DjangoModelFactory
from PIL import Image

from workcards.models import (
    ApprovedDay,
    ClosedMonth,
    DayEntry,
    WorkCard,
    WorkCardFile,
)
from workcards.transitions import CardSource, ReviewStatus
from workforce.tests.factories import EmployeeFactory, SiteFactory

# The default month of every sample card.
MONTH = dt.date(2026, 6, 1)


def picture(shade: int = 255, number: int = 0) -> bytes:
    """Return a small real PNG.

    Another `shade` (0–255) or `number` (32 bits) changes its bytes.
    """
    image = Image.new("L", (60, 80), shade)
    for x, byte in enumerate(number.to_bytes(4, "big")):
        image.putpixel((x, 0), byte)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


class WorkCardFileFactory(DjangoModelFactory[WorkCardFile]):
    """A factory of scans: `WorkCardFileFactory(content=b"…")` stores these bytes."""

    class Meta:
        model = WorkCardFile

    class Params:
        # Never equal to an upload without a number, so that a test can tell the files of two businesses apart.
        content = factory.Sequence(lambda number: picture(number=number + 1))

    original = factory.LazyAttribute(lambda file: ContentFile(file.content, "card.png"))
    mime_type = "image/png"
    file_size_bytes = factory.LazyAttribute(lambda file: len(file.content))
    sha256_hash = factory.LazyAttribute(
        lambda file: hashlib.sha256(file.content).hexdigest()
    )


class WorkCardFactory(DjangoModelFactory[WorkCard]):
    """A factory of cards under review. Traits: `unassigned`, `approved`, `rejected`, `uploaded` (with a scan)."""

    class Meta:
        model = WorkCard

    class Params:
        unassigned = factory.Trait(
            employee=None, review_status=ReviewStatus.NEEDS_ASSIGNMENT
        )
        approved = factory.Trait(
            review_status=ReviewStatus.APPROVED,
            approved_at=factory.LazyFunction(timezone.now),
        )
        rejected = factory.Trait(
            review_status=ReviewStatus.REJECTED, rejected_reason="Can't be read"
        )
        uploaded = factory.Trait(
            source=CardSource.UPLOAD_SINGLE,
            file=factory.SubFactory(WorkCardFileFactory),
            original_filename="card.png",
            mime_type=factory.SelfAttribute("file.mime_type"),
            file_size_bytes=factory.SelfAttribute("file.file_size_bytes"),
            sha256_hash=factory.SelfAttribute("file.sha256_hash"),
            source_page_number=1,
        )

    site = factory.SubFactory(SiteFactory)
    employee: Any = factory.SubFactory(
        EmployeeFactory, site=factory.SelfAttribute("..site")
    )
    processing_month = MONTH
    source: Any = CardSource.MANUAL
    review_status: Any = ReviewStatus.NEEDS_REVIEW


def _of_eight_hours(field: str, value: Any, otherwise: Any = None) -> Any:
    """Return `value` for a day of eight hours, else `otherwise`.

    Other hours would contradict the times.
    """
    return factory.LazyAttribute(
        lambda row: (
            value
            if getattr(row, field) is not None and Decimal(getattr(row, field)) == 8
            else otherwise
        )
    )


class DayEntryFactory(DjangoModelFactory[DayEntry]):
    """A factory of days of eight hours in the card's month. The trait `absent` makes a vacation day."""

    class Meta:
        model = DayEntry
        exclude = ("day",)

    class Params:
        absent = factory.Trait(
            from_time=None,
            to_time=None,
            break_minutes=0,
            total_hours=None,
            day_status="VACATION",
        )

    day = factory.Sequence(lambda number: number % 28)
    work_card = factory.SubFactory(WorkCardFactory)
    work_date = factory.LazyAttribute(
        lambda entry: entry.work_card.processing_month + dt.timedelta(days=entry.day)
    )
    total_hours: Any = Decimal("8.00")
    from_time: Any = _of_eight_hours("total_hours", dt.time(8))
    to_time: Any = _of_eight_hours("total_hours", dt.time(16, 30))
    break_minutes: Any = _of_eight_hours("total_hours", 30, 0)


class ApprovedDayFactory(DjangoModelFactory[ApprovedDay]):
    """A factory of ledger rows as the approval of `work_card` would post them."""

    class Meta:
        model = ApprovedDay
        exclude = ("day",)

    day = factory.Sequence(lambda number: number % 28)
    work_card = factory.SubFactory(WorkCardFactory, approved=True)
    employee = factory.SelfAttribute("work_card.employee")
    site = factory.SelfAttribute("work_card.site")
    work_date = factory.LazyAttribute(
        lambda row: row.work_card.processing_month + dt.timedelta(days=row.day)
    )
    hours: Any = Decimal("8.00")
    from_time: Any = _of_eight_hours("hours", dt.time(8))
    to_time: Any = _of_eight_hours("hours", dt.time(16, 30))
    break_minutes: Any = _of_eight_hours("hours", 30, 0)
    approved_at = factory.LazyFunction(timezone.now)


class ClosedMonthFactory(DjangoModelFactory[ClosedMonth]):
    """A factory of closed months. Rows of the month must be created before."""

    class Meta:
        model = ClosedMonth
        django_get_or_create = ("month",)

    month = MONTH
