"""Warnings before approval: their texts, and the settings that make them errors.

| code | finds | setting |
|---|---|---|
| `inactive_employee` | an inactive employee | – |
| `outside_employment` | days before the first or after the last day of employment | `on_outside_employment` |
| `future_month` | a month that has not started | `on_future_month` |
| `overlapping_hours` | hours that overlap with another day of the employee | `on_overlapping_hours` |
| `long_day` | dates with more than `longest_day_hours` | `on_long_day` |
| `duplicate_days` | dates that another card under review or the ledger has too | `on_duplicate_days` |

The checks themselves are in `workcards.day_warnings`.
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Q, Value
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from automatehq.api.errors import Conflict, Problem
from businesses.models import Business, BusinessSettings, WarningPolicy
from businesses.tenancy.context import get_current_business_id
from workcards.day_warnings import (
    CHECKS,
    Situation,
    WarningDay,
    apply_choices,
    find_conflict_dates,
)
from workcards.models import ApprovedDay, DayEntry, WorkCard
from workcards.month_math import ONE_DAY, format_month, last_of_month
from workcards.transitions import ReviewStatus


class Wording(NamedTuple):
    """The text of a warning, and the setting that can make it an error."""

    text: Any
    without_dates: Any = ""
    setting: str | None = None


WORDINGS: Mapping[str, Wording] = MappingProxyType(
    {
        "inactive_employee": Wording(
            _("%(name)s is inactive."), _("%(name)s is inactive.")
        ),
        "outside_employment": Wording(
            _("%(name)s was not employed on these days: %(dates)s."),
            _("%(name)s was not employed in %(month)s."),
            "on_outside_employment",
        ),
        "future_month": Wording(
            _("%(month)s has not started yet: %(dates)s."),
            _("%(month)s has not started yet."),
            "on_future_month",
        ),
        "overlapping_hours": Wording(
            _("%(name)s has other hours that overlap on these days: %(dates)s."),
            setting="on_overlapping_hours",
        ),
        "long_day": Wording(
            _("More than %(longest)s hours on these days: %(dates)s."),
            setting="on_long_day",
        ),
        "duplicate_days": Wording(
            _("Another card of %(name)s has the same days: %(dates)s."),
            setting="on_duplicate_days",
        ),
    }
)


@dataclass(frozen=True, kw_only=True)
class CardWarning:
    """A warning about a card: its dates, and the other cards involved.

    `is_refused` is True if the business's settings reject the approval because of it.
    """

    code: str
    dates: tuple[date, ...]
    work_card_ids: tuple[uuid.UUID, ...]
    is_refused: bool
    values: Mapping[str, str]

    @property
    def detail(self) -> str:
        """Return the text as the API formats it, with dates such as 2026-03-27."""
        return self._format(date.isoformat)

    @property
    def shown(self) -> str:
        """Return the text as pages show it, with dates in the user's format."""
        return self._format(lambda day: date_format(day, "SHORT_DATE_FORMAT"))

    @property
    def key(self) -> str:
        """Return the code and dates as a form submits them: `long_day:2026-03-02,2026-03-03`."""
        return f"{self.code}:{','.join(day.isoformat() for day in self.dates)}"

    def was_shown(self, keys: Iterable[str]) -> bool:
        """Return True if the warnings with these keys include all dates of this warning.

        The keys come from the page that showed the warnings.
        """
        shown = [
            key.partition(":")[2] for key in keys if key.startswith(f"{self.code}:")
        ]
        dates = {day for text in shown for day in text.split(",")}
        return bool(shown) and dates >= {day.isoformat() for day in self.dates}

    @property
    def as_json(self) -> dict[str, object]:
        return {
            "code": self.code,
            "detail": self.detail,
            "dates": [day.isoformat() for day in self.dates],
            "work_card_ids": [str(card_id) for card_id in self.work_card_ids],
            "is_refused": self.is_refused,
        }

    def _format(self, write: Callable[[date], str]) -> str:
        wording = WORDINGS[self.code]
        text = wording.text if self.dates else wording.without_dates
        return str(text) % {**self.values, "dates": ", ".join(map(write, self.dates))}


@dataclass(frozen=True)
class Background:
    """The data that the checks of several cards need, read once; `days` is by employee."""

    business: Business
    days: MutableMapping[uuid.UUID, list[WarningDay]]

    @property
    def settings(self) -> BusinessSettings:
        return self.business.settings

    def mark_approved(self, card: WorkCard) -> None:
        """Count the days of a card approved in the meantime as ledger rows."""
        employee_id = card.employee_id
        if employee_id is not None and employee_id in self.days:
            self.days[employee_id] = [
                day._replace(approved_day_id=card.pk) if day.card_id == card.pk else day
                for day in self.days[employee_id]
            ]


def read_background(cards: Iterable[WorkCard]) -> Background:
    """Return the business's settings and the days of the cards' employees; two queries.

    Call it after locking the ledger. Otherwise a day posted in the meantime is missing.
    """
    business = Business.objects.with_settings().get(pk=get_current_business_id())
    return Background(business, days_of_employees(cards))


def days_of_employees(cards: Iterable[WorkCard]) -> dict[uuid.UUID, list[WarningDay]]:
    """Return ledger rows and days under review of the cards' employees; one query.

    The days are those around the cards' months.
    """
    employees = defaultdict(set)
    for card in cards:
        if card.employee_id is not None:
            employees[card.processing_month].add(card.employee_id)
    days = defaultdict(list)
    if employees:
        for employee_id, *values in _query_days(employees):
            days[employee_id].append(WarningDay(*values))
    return dict(days)


def warnings_about(
    card: WorkCard,
    entries: Iterable[Any],
    background: Background,
    resolved: Sequence[Mapping[str, str]] | None = None,
) -> tuple[CardWarning, ...]:
    """Return the warnings about a card with these days.

    `entries` are its day entries, or figures with a `work_date`. `resolved` are the conflicts with the ledger that the
    reviewer has answered. None means that the card is not being approved yet. No query if the employee is loaded.
    """
    if card.employee_id is None:
        return ()
    situation = _build_situation(card, entries, background)
    if resolved is not None:
        situation = _apply_choices(situation, resolved)
    values = {
        "name": card.employee.full_name,  # type: ignore[union-attr]
        "month": format_month(card.processing_month),
        "longest": f"{situation.longest_day.normalize():f}",
    }
    warnings = []
    for code, check in CHECKS.items():
        if finding := check(situation):
            warnings.append(
                CardWarning(
                    code=code,
                    dates=finding.dates,
                    work_card_ids=finding.card_ids,
                    is_refused=_rejects_approval(code, background.settings),
                    values=values,
                )
            )
    return tuple(warnings)


def warnings_before_approval(
    card: WorkCard, business: Business | None
) -> tuple[CardWarning, ...]:
    """Return the warnings about a card under review; none for other cards.

    One query, or two on the platform.
    """
    if card.review_status != ReviewStatus.NEEDS_REVIEW:
        return ()
    if business is None:
        business = Business.objects.with_settings().get(pk=card.business_id)
    background = Background(business, days_of_employees([card]))
    return warnings_about(card, card.day_entries.all(), background)


def reject_warnings(warnings: Iterable[CardWarning]) -> None:
    """Raise `Conflict` if the business's settings reject any of these warnings.

    The first rejected warning's code is the error's code; `warning_details` lists all rejected warnings.
    """
    rejected = [warning for warning in warnings if warning.is_refused]
    if rejected:
        raise Conflict.from_problems(
            [Problem(warning.code, warning.detail) for warning in rejected],
            warning_details=[warning.as_json for warning in rejected],
        )


def _rejects_approval(code: str, settings: BusinessSettings) -> bool:
    setting = WORDINGS[code].setting
    return setting is not None and getattr(settings, setting) == WarningPolicy.REJECT


def _build_situation(
    card: WorkCard, entries: Iterable[Any], background: Background
) -> Situation:
    employee: Any = card.employee
    own_days = tuple(
        WarningDay(
            entry.work_date,
            card.site_id,
            card.pk,
            entry.from_time,
            entry.to_time,
            entry.total_hours,
            *entry.payable,
        )
        for entry in entries
    )
    first, last = _date_range(card.processing_month)
    other_days = tuple(
        day
        for day in background.days.get(employee.pk, ())
        if day.card_id != card.pk and first <= day.work_date <= last
    )
    return Situation(
        month=card.processing_month,
        today=timezone.localdate(timezone=background.business.zone),
        is_active=employee.is_active,
        started_on=employee.started_on,
        left_on=employee.left_on,
        longest_day=background.settings.longest_day_hours,
        own_days=own_days,
        other_days=other_days,
        conflict_dates=find_conflict_dates(own_days, other_days),
    )


def _apply_choices(
    situation: Situation, resolved: Sequence[Mapping[str, str]]
) -> Situation:
    choices_by_date: dict[date, set[str]] = defaultdict(set)
    for conflict in resolved:
        choices_by_date[date.fromisoformat(conflict["date"])].add(conflict["choice"])
    return apply_choices(
        situation,
        resolved_dates=choices_by_date.keys(),
        unpaid_dates=[
            day for day, choices in choices_by_date.items() if choices == {"keep"}
        ],
        replaced_row_ids=[
            uuid.UUID(conflict["approved_day_id"])
            for conflict in resolved
            if conflict["choice"] == "replace"
        ],
    )


def _query_days(employees: Mapping[date, set[uuid.UUID]]) -> Iterable[Any]:
    """Return the employees' ledger rows and days under review; one query.

    Each month includes the day before and the day after it.
    """
    paid, under_review = Q(pk__in=[]), Q(pk__in=[])
    for month, ids in employees.items():
        in_range = Q(work_date__range=_date_range(month))
        paid |= in_range & Q(employee_id__in=ids)
        under_review |= in_range & Q(work_card__employee_id__in=ids)
    no_row = Value(None, output_field=models.UUIDField())
    ledger = ApprovedDay.objects.filter(paid).order_by()
    entries = DayEntry.objects.filter(
        under_review, work_card__review_status=ReviewStatus.NEEDS_REVIEW
    ).order_by()
    figures = ("from_time", "to_time")
    return ledger.values_list(  # type: ignore[no-any-return]
        "employee_id",
        "work_date",
        "site_id",
        "work_card_id",
        *figures,
        "hours",
        "minutes",
        "day_status",
        "pk",
    ).union(
        entries.values_list(
            "work_card__employee_id",
            "work_date",
            "work_card__site_id",
            "work_card_id",
            *figures,
            "total_hours",
            "minutes",
            "day_status",
            no_row,
        ),
        all=True,
    )


def _date_range(month: date) -> tuple[date, date]:
    """Return the first and last date whose shifts can overlap with those of the month."""
    last = last_of_month(month)
    return (
        month - ONE_DAY if month > date.min else month,
        last + ONE_DAY if last < date.max else last,
    )
