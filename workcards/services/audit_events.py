"""Audit events of work cards."""

from collections.abc import Mapping
from datetime import date

from accounts.models import User
from audit.services import changes, record, snapshot
from workcards.models import DayEntry, WorkCard

CARD_FIELDS = (
    "site_id",
    "employee_id",
    "processing_month",
    "review_status",
    "notes",
    "rejected_reason",
    "approved_by_id",
    "approved_by_name",
    "approved_at",
)
FILE_FIELDS = ("original_filename", "sha256_hash", "source_page_number")
DAY_FIELDS = (
    "from_time",
    "to_time",
    "break_minutes",
    "total_hours",
    "day_status",
    "comment",
)


def card_snapshot(card: WorkCard) -> dict[str, object]:
    """Return the fields of a card that can change, for an audit event."""
    return snapshot(card, CARD_FIELDS)


def day_snapshot(entry: DayEntry) -> dict[str, object]:
    """Return the figures of a day for an audit event, without empty values."""
    figures = snapshot(entry, DAY_FIELDS)
    return {
        field: value for field, value in figures.items() if value not in (None, "", 0)
    }


def record_card(
    event_type: str,
    card: WorkCard,
    *,
    actor: User | None,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    **details: object,
) -> None:
    """Record one audit event about a card."""
    record(
        event_type,
        entity=card,
        actor=actor,
        site_id=card.site_id,
        employee_id=card.employee_id,
        work_card_id=card.pk,
        before=before,
        after=after,
        **details,
    )


def save_card(
    event_type: str,
    card: WorkCard,
    *,
    actor: User | None,
    before: Mapping[str, object],
    **details: object,
) -> None:
    """Save a changed card as a new version, and record the change.

    The card is locked. `before` is its `card_snapshot` before the change.
    """
    was, now = changes(before, card_snapshot(card))
    card.version += 1
    card.save(update_fields=[*now, "version", "updated_at"])
    record_card(event_type, card, actor=actor, before=was, after=now, **details)


def with_iso_dates(days: Mapping[date, object]) -> dict[str, object]:
    """Return days with ISO dates as keys, in date order, as the audit trail stores them."""
    return {day.isoformat(): days[day] for day in sorted(days)}
