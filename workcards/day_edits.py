"""Rules for changing some fields of a day, without database or request."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from .hours import DayFigures, day_figures

_FIGURE_FIELDS = {
    "from_time",
    "to_time",
    "break_minutes",
    "total_hours",
    "day_status",
}


def patched_day(
    stored: DayFigures | None, sent: Mapping[str, Any]
) -> DayFigures | None:
    """Return `stored` with the fields of `sent` changed, or None if the day becomes empty.

    A field that is not in `sent` keeps its value. There are three exceptions, where the stored value contradicts the
    sent ones:

    - hours follow from times: with times, a total that was not sent is computed again;
    - a break belongs to times: without times, a break that was not sent is removed;
    - a day is worked or absent: sent hours or times end a stored absence; a sent absence clears the stored ones.

    Sent fields are validated as in a new day. Raises `DayRefused`.
    """
    if stored is None:
        return day_figures(**sent)
    if not sent.keys() & _FIGURE_FIELDS:
        comment = sent.get("comment", stored.comment) or ""
        return replace(stored, comment=comment.strip())
    day = {**asdict(stored), **sent}
    if "day_status" not in sent and _has_work(sent):
        day["day_status"] = None
    has_times = day["from_time"] is not None or day["to_time"] is not None
    if has_times and "total_hours" not in sent:
        day["total_hours"] = None
    if not has_times and "break_minutes" not in sent:
        day["break_minutes"] = None
    return day_figures(**day)


def _has_work(sent: Mapping[str, Any]) -> bool:
    """Return True if `sent` has hours, a time or a break; null and a break of 0 are none."""
    return bool(sent.get("break_minutes")) or any(
        sent.get(name) is not None for name in ("from_time", "to_time", "total_hours")
    )
