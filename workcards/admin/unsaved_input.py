"""Description of a posted form that could not be saved, so that no input is lost."""

import re
from collections.abc import Iterator

from django.http import HttpRequest
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from audit.descriptions import field_label, find_field
from workcards.services import Choice
from workcards.transitions import DayStatus

_ID = "[0-9a-f-]{36}"
# Internal fields, menus, and passwords, which a page must not contain.
_INTERNAL_FIELDS = re.compile(
    r"_.*|csrfmiddlewaretoken|next|repeated|since|ticket|.*password.*"
    r"|action|select_across|index|month"
    r"|\w+-(TOTAL|INITIAL|MIN_NUM|MAX_NUM)_FORMS"
    rf"|version(_{_ID})?|(date|choice)_{_ID}|take_[0-9-]{{10}}"
)
# The id of a chosen row, which has no meaning for a user.
_ROW_ID = re.compile(_ID)
_DAY_FIELD = re.compile(r"days-(?P<number>\d+)-(?P<name>\w+)")
_CHOICE_FIELD = re.compile(rf"choice_(?P<id>{_ID})")
_DAY_STATUSES = dict(DayStatus.choices)


def describe_posted_form(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the posted fields by label and value, and one line for each day of a card."""
    view = getattr(request.resolver_match, "func", None)
    model = getattr(getattr(view, "model_admin", None), "model", None)
    fields: list[tuple[str, str]] = []
    for name, value in _posted(request):
        is_input = value and not (
            _INTERNAL_FIELDS.fullmatch(name) or _ROW_ID.fullmatch(value)
        )
        if is_input and not _DAY_FIELD.fullmatch(name):
            fields.append((field_label(name, find_field(model, name)), value))
    return [*fields, *_days(request), *_choices(request)]


def _days(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the posted days of a card that are not empty, as they were entered."""
    days: dict[str, dict[str, str]] = {}
    for name, value in _posted(request):
        if value and (match := _DAY_FIELD.fullmatch(name)):
            days.setdefault(match["number"], {})[match["name"]] = value
    return [
        (_date_label(day.pop("work_date", "")), text)
        for day in days.values()
        if (text := format_html_join(", ", "{}", ([part] for part in _parts(day))))
    ]


def _choices(request: HttpRequest) -> Iterator[tuple[str, str]]:
    """Yield the choices about days that are paid already.

    The card's page asks for these choices again, and does not restore them.
    """
    for name, value in _posted(request):
        if (match := _CHOICE_FIELD.fullmatch(name)) and value in Choice.values:
            day = request.POST.get(f"date_{match['id']}", "")
            yield _date_label(day), str(Choice(value).label)


def _posted(request: HttpRequest) -> Iterator[tuple[str, str]]:
    for name, values in request.POST.lists():
        for value in values:
            if isinstance(value, str):
                yield name, value


def _date_label(work_date: str) -> str:
    try:
        day = parse_date(work_date)
    except ValueError:
        day = None
    return date_format(day, "MONTH_DAY_FORMAT") if day else work_date


def _parts(day: dict[str, str]) -> Iterator[str]:
    """Yield the parts of a day in the audit trail's format.

    An example is `07:00–16:00, break 30, 8.50`.
    """
    times = day.get("from_time", ""), day.get("to_time", "")
    if any(times):
        yield format_html('<bdi dir="ltr">{}–{}</bdi>', *times)
    if "break_minutes" in day:
        yield _("break %(minutes)s") % {"minutes": day["break_minutes"]}
    if "total_hours" in day:
        yield day["total_hours"]
    if "day_status" in day:
        yield str(_DAY_STATUSES.get(day["day_status"], day["day_status"]))
    if "comment" in day:
        yield format_html("<bdi>{}</bdi>", day["comment"])
