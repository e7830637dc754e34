"""What was typed into a form that can't be saved: it is shown, so that nothing is lost."""

import re
from collections.abc import Iterator

from django.http import HttpRequest
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from audit.descriptions import field_of, label_of
from workcards.services import Choice
from workcards.transitions import DayStatus

_ID = "[0-9a-f-]{36}"
# What a form carries for itself or has chosen from, and passwords, which no page may hold.
_MACHINERY = re.compile(
    r"_.*|csrfmiddlewaretoken|next|repeated|since|ticket|.*password.*"
    r"|action|select_across|index|month"
    r"|\w+-(TOTAL|INITIAL|MIN_NUM|MAX_NUM)_FORMS"
    rf"|version(_{_ID})?|(date|choice)_{_ID}|take_[0-9-]{{10}}"
)
# A row that was chosen: to people its id says nothing.
_A_ROW = re.compile(_ID)
_OF_A_DAY = re.compile(r"days-(?P<number>\d+)-(?P<name>\w+)")
_ANSWER = re.compile(rf"choice_(?P<id>{_ID})")
_DAY_STATUSES = dict(DayStatus.choices)


def describe_posted_form(request: HttpRequest) -> list[tuple[str, str]]:
    """What a posted form had in it, by the names that people know: a line a field, and of a card a line a day."""
    view = getattr(request.resolver_match, "func", None)
    model = getattr(getattr(view, "model_admin", None), "model", None)
    found: list[tuple[str, str]] = []
    for name, value in _posted(request):
        is_typed = value and not (_MACHINERY.fullmatch(name) or _A_ROW.fullmatch(value))
        if is_typed and not _OF_A_DAY.fullmatch(name):
            found.append((label_of(name, field_of(model, name)), value))
    return [*found, *_days(request), *_answers(request)]


def _days(request: HttpRequest) -> list[tuple[str, str]]:
    """The days of a card that have something in them; as it was typed, whatever it is."""
    days: dict[str, dict[str, str]] = {}
    for name, value in _posted(request):
        if value and (match := _OF_A_DAY.fullmatch(name)):
            days.setdefault(match["number"], {})[match["name"]] = value
    return [
        (_named(day.pop("work_date", "")), said)
        for day in days.values()
        if (said := format_html_join(", ", "{}", ([part] for part in _parts(day))))
    ]


def _answers(request: HttpRequest) -> Iterator[tuple[str, str]]:
    """What is to be paid of a day that is paid already; a card asks for it anew, and does not bring it back."""
    for name, value in _posted(request):
        if (match := _ANSWER.fullmatch(name)) and value in Choice.values:
            day = request.POST.get(f"date_{match['id']}", "")
            yield _named(day), str(Choice(value).label)


def _posted(request: HttpRequest) -> Iterator[tuple[str, str]]:
    for name, values in request.POST.lists():
        for value in values:
            if isinstance(value, str):
                yield name, value


def _named(work_date: str) -> str:
    try:
        day = parse_date(work_date)
    except ValueError:
        day = None
    return date_format(day, "MONTH_DAY_FORMAT") if day else work_date


def _parts(day: dict[str, str]) -> Iterator[str]:
    """As the trail tells a day: `07:00–16:00, break 30, 8.50`."""
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
