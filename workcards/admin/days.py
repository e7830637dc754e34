"""The lines of a card as a form: a row for each day of its month."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from automatehq.rest.errors import DomainError
from workcards.hours import MAX_BREAK_MINUTES
from workcards.models import DayEntry, WorkCard
from workcards.months import days_of_month, is_saturday
from workcards.serializers import LAST_VERSION
from workcards.states import DayStatus

_TIME = forms.TextInput(
    attrs={"size": 5, "inputmode": "numeric", "autocomplete": "off"}
)
_NUMBER = forms.TextInput(
    attrs={"size": 5, "inputmode": "decimal", "autocomplete": "off"}
)


class DayForm(forms.Form):
    """One day; a row with nothing in it is no entry."""

    work_date = forms.DateField(widget=forms.HiddenInput)
    from_time = forms.TimeField(label=_("from"), required=False, widget=_TIME)
    to_time = forms.TimeField(label=_("to"), required=False, widget=_TIME)
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
        label=_("absence"), required=False, choices=[("", "–"), *DayStatus.choices]
    )
    comment = forms.CharField(
        label=_("comment"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"size": 16, "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        day = f"{self['work_date'].value()}"
        for field in self.fields.values():
            # Said of each cell, since the heads of columns are far away.
            field.widget.attrs["aria-label"] = f"{day}, {field.label}"


class DayFormSet(forms.BaseFormSet):  # type: ignore[type-arg]
    """All days of a month, and the version of the card that they were drawn from."""

    @property
    def entries(self) -> list[Mapping[str, Any]]:
        """What was typed, as `set_day_entries` takes it."""
        return [
            {
                name: None if value in ("", None) else value
                for name, value in form.cleaned_data.items()
            }
            for form in self.forms
        ]

    def refuse(self, refusal: DomainError) -> list[str]:
        """Show what the service refused, beside the cell it is about; gives the sentences that are about none."""
        others = []
        for problem in refusal.problems:
            match (problem.attr or "").split("."):
                case ["entries", index, name] if name in DayForm.base_fields:
                    form = self.forms[int(index)]
                    form.add_error(
                        None if name == "work_date" else name, problem.detail
                    )
                case _:
                    others.append(problem.detail)
        return others


class VersionForm(forms.Form):
    version = forms.IntegerField(
        widget=forms.HiddenInput, min_value=1, max_value=LAST_VERSION
    )


_DayFormSet = forms.formset_factory(
    DayForm, DayFormSet, extra=0, absolute_max=31, max_num=31
)


def day_formset(
    card: WorkCard, entries: Mapping[Any, DayEntry], data: Any = None
) -> Any:
    """The form of a card's days, filled with its `entries` by date, or with what was posted."""
    initial = [
        {"work_date": day, **_figures(entries.get(day))}
        for day in days_of_month(card.processing_month)
    ]
    return _DayFormSet(data, initial=initial, prefix="days")


def rows_of(
    card: WorkCard, entries: Mapping[Any, DayEntry], formset: Any
) -> list[dict[str, Any]]:
    """The month for the page: of each day its form, if it may be edited, what is stored and what is paid."""
    days = days_of_month(card.processing_month)
    day_forms = formset.forms if formset is not None else []
    by_date = dict(zip(days, day_forms, strict=False))
    return [
        {
            "date": day,
            "is_saturday": is_saturday(day),
            "form": by_date.get(day),
            "entry": entries.get(day),
        }
        for day in days
    ]


def _figures(entry: DayEntry | None) -> dict[str, Any]:
    if entry is None:
        return {}
    has_times = entry.from_time is not None
    return {
        "from_time": entry.from_time and f"{entry.from_time:%H:%M}",
        "to_time": entry.to_time and f"{entry.to_time:%H:%M}",
        "break_minutes": entry.break_minutes or None,
        # The total of times follows from them: sent back, it would have to agree with times that were changed.
        "total_hours": None if has_times else entry.total_hours,
        "day_status": entry.day_status or "",
        "comment": entry.comment,
    }
