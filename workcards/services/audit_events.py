"""What a card leaves in the audit trail."""

from collections.abc import Mapping
from datetime import date
from typing import Any

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


def card_snapshot(card: WorkCard) -> dict[str, Any]:
    """What may change of a card."""
    return snapshot(card, CARD_FIELDS)


def day_snapshot(entry: DayEntry) -> dict[str, Any]:
    """What the paper says of a day, without what it does not say."""
    figures = snapshot(entry, DAY_FIELDS)
    return {
        field: value for field, value in figures.items() if value not in (None, "", 0)
    }


def record_card(
    event_type: str,
    card: WorkCard,
    *,
    actor: Any,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    **details: Any,
) -> None:
    """Add the one event of something that happened to a card."""
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
    actor: Any,
    before: Mapping[str, Any],
    **details: Any,
) -> None:
    """Save a locked card whose attributes differ from `before` (its `card_snapshot`), as a new version, and record it."""
    was, now = changes(before, card_snapshot(card))
    card.version += 1
    card.save(update_fields=[*now, "version", "updated_at"])
    record_card(event_type, card, actor=actor, before=was, after=now, **details)


def by_date(days: Mapping[date, Any]) -> dict[str, Any]:
    """Days as the trail has them, in order."""
    return {day.isoformat(): days[day] for day in sorted(days)}
