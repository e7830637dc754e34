"""Rules for changing some fields of a day, without database or request."""

from dataclasses import asdict, replace

from .hours import DayFigures, DayValues, day_figures

_FIGURE_FIELDS = {
    "from_time",
    "to_time",
    "break_minutes",
    "total_hours",
    "day_status",
}


def patched_day(stored: DayFigures | None, changes: DayValues) -> DayFigures | None:
    """Return `stored` with the fields of `changes` changed, or None if the day becomes empty.

    A field that is not in `changes` keeps its value. There are three exceptions, where the stored value contradicts the
    changed ones:

    - hours follow from times: with times, a total that is not in `changes` is computed again;
    - a break belongs to times: without times, a break that is not in `changes` is removed;
    - a day is worked or absent: new hours or times end a stored absence; a new absence clears the stored ones.

    The changed fields are validated as in a new day. Raises `InvalidDay`.
    """
    if stored is None:
        return day_figures(**changes)
    if not changes.keys() & _FIGURE_FIELDS:
        comment = changes.get("comment", stored.comment) or ""
        return replace(stored, comment=comment.strip())
    day = {**asdict(stored), **changes}
    if "day_status" not in changes and _has_work(changes):
        day["day_status"] = None
    has_times = day["from_time"] is not None or day["to_time"] is not None
    if has_times and "total_hours" not in changes:
        day["total_hours"] = None
    if not has_times and "break_minutes" not in changes:
        day["break_minutes"] = None
    return day_figures(**day)


def _has_work(changes: DayValues) -> bool:
    """Return True if `changes` has hours, a time or a break; null and a break of 0 are none."""
    return bool(changes.get("break_minutes")) or any(
        changes.get(name) is not None
        for name in ("from_time", "to_time", "total_hours")
    )
