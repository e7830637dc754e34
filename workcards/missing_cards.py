"""Expected and received cards of a month, by employee."""

import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Any

from django.db import models
from django.db.models import Case, Count, F, FilteredRelation, Min, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from businesses.models import Business
from businesses.tenancy.context import try_get_business_id
from workforce.models import Employee

from .month_math import last_of_month
from .transitions import ReviewStatus


class Received(models.TextChoices):
    """The received part of an employee's expected cards."""

    NONE = "NONE", pgettext_lazy("cards received", "None")
    PARTIAL = "PARTIAL", _("Partial")
    COMPLETE = "COMPLETE", _("Complete")


@dataclass(frozen=True, slots=True)
class ExpectedEmployee:
    """An employee who is expected in the month; `status` is one of `Received`.

    `expected` is the number for a whole month, also while the month runs.
    """

    id: uuid.UUID
    full_name: str
    passport_id: str | None
    phone_number: str
    expected: int
    received: int
    status: str
    first_card_at: datetime | None


@dataclass(frozen=True, slots=True)
class SiteOfMonth:
    """The employees of a home site, the worst status first, then by name.

    Without a site: the employees without a home site.
    """

    site_id: uuid.UUID | None
    site_name: str | None
    employees: list[ExpectedEmployee]


@dataclass(slots=True)
class MissingCards:
    """The month's expected employees by site, those without a site last.

    `counts` has every status.
    """

    month: date
    is_running: bool
    sites: list[SiteOfMonth] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def missing_cards(
    *,
    month: date,
    site_id: uuid.UUID | None = None,
    business_id: uuid.UUID | None = None,
    business: Business | None = None,
    name: str = "",
) -> MissingCards:
    """Return the expected employees of a month by site, with their received cards.

    Two queries. An employee is expected if employed in the month.

    Cards under review and approved cards count; the pages of one file are one card. The expected number comes from
    the home site's settings, else from the business. Until the month is over, by the business's calendar, one card is
    enough.

    `business_id` is for the platform's scope. `business` replaces it if its row is loaded, and saves a query. `name`
    limits the result to names that contain it.
    """
    month = month.replace(day=1)
    if business is None:
        # The calendar of the business in scope, even if another business is requested.
        businesses = Business.objects.filter(pk=try_get_business_id() or business_id)
        is_running = _is_running(month, businesses.first() or Business())
    else:
        business_id = business.pk
        is_running = _is_running(month, business)
    rows = _expected_employees(month, business_id, is_running=is_running)
    if site_id is not None:
        rows = rows.filter(site_id=site_id)
    if name:
        rows = rows.filter(full_name__folded=name)
    return _group_by_site(MissingCards(month, is_running), rows)


def _is_running(month: date, business: Business) -> bool:
    """Return True until the month is over by the business's calendar."""
    return timezone.localdate(timezone=business.zone) <= last_of_month(month)


def _expected_employees(
    month: date, business_id: uuid.UUID | None, *, is_running: bool
) -> Any:
    """Return the expected employees in the report's order, with the columns of the report."""
    employees = Employee.objects.all()
    if business_id is not None:
        employees = employees.filter(business_id=business_id)
    in_month = Q(work_cards__processing_month=month) & Q(
        work_cards__review_status__in=[ReviewStatus.NEEDS_REVIEW, ReviewStatus.APPROVED]
    )
    own_settings = Q(site__settings_rows__business_id=F("business_id"))
    expected = Coalesce(
        "own_settings__expected_cards_per_month",
        "business__expected_cards_per_month",
    )
    enough = Value(1) if is_running else F("expected")
    status = Case(
        When(received=0, then=Value(Received.NONE.value)),
        When(received__lt=enough, then=Value(Received.PARTIAL.value)),
        default=Value(Received.COMPLETE.value),
    )
    return (
        employees.employed_in(month, last_of_month(month))
        .annotate(
            card=FilteredRelation("work_cards", condition=in_month),
            own_settings=FilteredRelation(
                "site__settings_rows", condition=own_settings
            ),
        )
        .annotate(
            expected=expected,
            # Pages of a PDF share its file; a card without a scan counts as one.
            received=Count(Coalesce("card__file_id", "card__pk"), distinct=True),
            first_card_at=Min("card__created_at"),
        )
        .annotate(status=status)
        .annotate(
            status_rank=Case(
                When(status=Received.NONE, then=0),
                When(status=Received.PARTIAL, then=1),
                default=2,
            )
        )
        .order_by(
            F("site__site_name").asc(nulls_last=True), "status_rank", "full_name", "pk"
        )
        .values_list(
            "site_id",
            "site__site_name",
            "pk",
            "full_name",
            "passport_id",
            "phone_number",
            "expected",
            "received",
            "status",
            "first_card_at",
        )
    )


def _group_by_site(report: MissingCards, rows: Iterable[Any]) -> MissingCards:
    for (site_id, site_name), site_rows in groupby(rows, key=lambda row: row[:2]):
        employees = [ExpectedEmployee(*row[2:]) for row in site_rows]
        report.sites.append(SiteOfMonth(site_id, site_name, employees))
        report.counts.update(person.status for person in employees)
    return report
