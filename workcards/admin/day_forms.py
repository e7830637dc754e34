"""Forms of a card's days: a row for each day of its month."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date, time
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from automatehq.admin.form_fields import LineFormField
from automatehq.api.errors import DomainError
from workcards.hours import (
    MAX_BREAK_MINUTES,
    MESSAGES,
    DayValues,
    InvalidDay,
    day_figures,
    sum_hours,
)
from workcards.models import DayEntry, WorkCard
from workcards.month_math import days_of_month
from workcards.serializers import LAST_VERSION
from workcards.services.audit_events import DAY_FIELDS
from workcards.transitions import DayStatus

# Accepted forms of a time: 7, 0730, 7:30, 7.30. The page's script accepts the same.
_TIME_TEXT = re.compile(r"(\d{1,2})(?:[:.,;]?(\d{2}))?", re.ASCII)
# Codes of the messages that the page's script shows without a request. It fills in figures such as `%(figure)s`.
_CLIENT_MESSAGES = (
    "missing_time",
    "same_times",
    "break_out_of_range",
    "break_without_times",
    "break_too_long",
    "invalid_total",
    "total_out_of_range",
    "total_mismatch",
)

_TIME = forms.TextInput(
    attrs={"class": "cell num", "inputmode": "numeric", "autocomplete": "off"}
)
_NUMBER = forms.TextInput(
    attrs={"class": "cell num", "inputmode": "decimal", "autocomplete": "off"}
)


class TypedTimeField(forms.TimeField):
    """A time of day in short form: 7, 730, 7:30. At the end of a shift, 24:00 means midnight."""

    def __init__(self, *, is_end: bool = False, **kwargs: Any) -> None:
        self.is_end = is_end
        super().__init__(required=False, widget=_TIME, **kwargs)

    def to_python(self, value: object) -> time | None:
        if value in self.empty_values:
            return None
        match = _TIME_TEXT.fullmatch(str(value).strip())
        if match is None:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        hour, minute = int(match[1]), int(match[2] or 0)
        if self.is_end and (hour, minute) == (24, 0):
            hour = 0
        return super().to_python(f"{hour:02}:{minute:02}")


class DayForm(forms.Form):
    """The form of one day; an empty row is no entry."""

    work_date = forms.DateField(widget=forms.HiddenInput)
    from_time = TypedTimeField(label=_("from"))
    to_time = TypedTimeField(label=_("to"), is_end=True)
    break_minutes = forms.IntegerField(
        label=_("break, minutes"),
        required=False,
        min_value=0,
        max_value=MAX_BREAK_MINUTES,
        widget=_NUMBER,
    )
    total_hours = forms.DecimalField(
        label=_("hours"),
        required=False,
        max_digits=5,
        decimal_places=2,
        widget=_NUMBER,
    )
    day_status = forms.ChoiceField(
        label=_("absence"),
        required=False,
        choices=[("", "–"), *DayStatus.choices],
        widget=forms.Select(attrs={"class": "cell"}),
    )
    comment = LineFormField(
        label=_("comment"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"class": "cell", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        day = self.initial.get("work_date")
        label = date_format(day, "j F") if day else self["work_date"].value()
        for field in self.fields.values():
            # Each cell is labelled, since the column headings are far away.
            field.widget.attrs["aria-label"] = f"{label}, {field.label}"
        # The total of times is a placeholder and not submitted. A submitted total would have to agree with changed
        # times.
        if computed := self.initial.get("computed"):
            self.fields["total_hours"].widget.attrs["placeholder"] = computed


class DayFormSet(forms.BaseFormSet):  # type: ignore[type-arg]
    """The forms of all days of a month, with the version of the card that they show."""

    def initial_form_count(self) -> int:
        # All forms exist already. Otherwise Django would permit an extra form to be unchanged, without its date.
        return self.total_form_count() if self.is_bound else len(self.initial or ())

    @property
    def entries(self) -> list[DayValues]:
        """Return the submitted days, as `set_day_entries` takes them."""
        return [
            {
                name: None if value in ("", None) else value
                for name, value in form.cleaned_data.items()
            }
            for form in self.forms
        ]

    def add_service_errors(self, error: DomainError) -> list[str]:
        """Add the problems of an error to their cells.

        Return the messages that belong to no cell.
        """
        other_messages = []
        for problem in error.problems:
            match (problem.attr or "").split("."):
                case ["entries", index, name] if name in DayForm.base_fields:
                    form = self.forms[int(index)]
                    form.add_error(
                        None if name == "work_date" else name, problem.detail
                    )
                case _:
                    other_messages.append(problem.detail)
        return other_messages


class CardVersionForm(forms.Form):
    """The version that the page showed.

    `since` is the version from which its days came, if the card has changed in between.
    """

    version = forms.IntegerField(min_value=1, max_value=LAST_VERSION)
    since = forms.IntegerField(min_value=1, max_value=LAST_VERSION, required=False)

    def clean_since(self) -> int | None:
        since: int | None = self.cleaned_data["since"]
        return since or self.cleaned_data.get("version")


_DayFormSet = forms.formset_factory(
    DayForm, DayFormSet, extra=0, absolute_max=31, max_num=31
)


def day_formset(
    card: WorkCard, entries: Mapping[date, DayEntry], data: QueryDict | None = None
) -> DayFormSet:
    """Return the forms of a card's days, from its `entries` by date or from posted data."""
    initial = [
        {"work_date": day, **_figures(entries.get(day))}
        for day in days_of_month(card.processing_month)
    ]
    return cast(DayFormSet, _DayFormSet(data, initial=initial, prefix="days"))


def day_totals(entries: Iterable[DayEntry]) -> dict[str, object]:
    """Return the totals of days: hours, worked days, and the days of each absence."""
    entries = list(entries)
    kinds = Counter(entry.day_status for entry in entries if entry.day_status)
    return {
        "hours": sum_hours(entry.total_hours for entry in entries),
        "days": sum(bool(entry.total_hours) for entry in entries),
        "absences": [(kind, label, kinds[kind]) for kind, label in DayStatus.choices],
    }


def client_messages() -> str:
    """Return the messages for the page's script, by code, as JSON."""
    known = {code: str(MESSAGES[code]) for code in _CLIENT_MESSAGES}
    other_messages = {
        "invalid_time": gettext("Enter a valid time of day."),
        "use_break": gettext("Break %(minutes)s"),
        "use_hours": gettext("Use %(hours)s"),
    }
    return json.dumps({**known, **other_messages})


def submitted_days(formset: DayFormSet) -> list[DayEntry]:
    """Return the submitted days as unsaved day entries, without invalid days."""
    if not formset.is_valid():
        return []
    days = []
    for entry in formset.entries:
        values = dict(entry)
        work_date = values.pop("work_date")
        try:
            figures = day_figures(**values)
        except InvalidDay:
            continue
        if figures is not None:
            days.append(DayEntry(work_date=work_date, **asdict(figures)))
    return days


def to_form_values(entry: DayEntry | None) -> dict[str, str]:
    """Return a stored day as the values of its cells, by field."""
    figures = _figures(entry)
    return {
        name: "" if figures.get(name) is None else str(figures[name])
        for name in DAY_FIELDS
    }


def refill_formset(
    card: WorkCard, formset: DayFormSet, days: Mapping[int, DayEntry | None]
) -> DayFormSet:
    """Return the formset with stored days in place of some submitted days.

    `days` has the stored days by the index of their form.
    """
    data = cast(QueryDict, formset.data).copy()
    for index, entry in days.items():
        form = formset.forms[index]
        for name, value in to_form_values(entry).items():
            data[form.add_prefix(name)] = value
    refilled = day_formset(card, {}, data)
    refilled.is_valid()
    return refilled


def _figures(entry: DayEntry | None) -> dict[str, Any]:
    if entry is None:
        return {}
    has_times = entry.from_time is not None
    return {
        "from_time": entry.from_time and f"{entry.from_time:%H:%M}",
        "to_time": entry.to_time and f"{entry.to_time:%H:%M}",
        "break_minutes": entry.break_minutes or None,
        # A total follows from its times. A submitted total would have to agree with changed times.
        "total_hours": None if has_times else entry.total_hours,
        "computed": entry.total_hours if has_times else None,
        "day_status": entry.day_status or "",
        "comment": entry.comment,
    }
