"""Missing cards in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from workcards.missing import MissingCards, Received, missing_cards

from .reports import MonthForm, MonthReport


class MissingForm(MonthForm):
    complete = forms.BooleanField(
        label=_("Also those whose cards are all there"), required=False
    )


class MissingReport(MonthReport):
    path = "missing_cards/"
    name = "missing_cards"
    title = _("Missing cards")
    template = "admin/missing_cards.html"
    form_class = MissingForm

    def answer(self, request: HttpRequest, form: MonthForm) -> dict[str, Any]:
        report = missing_cards(**form.asked())
        return {
            "report": report,
            "counts": [
                (status, status.label, report.counts[status]) for status in Received
            ],
            "sites": _shown(report, with_complete=form.cleaned_data["complete"]),
        }


def _shown(report: MissingCards, *, with_complete: bool) -> list[dict[str, Any]]:
    """The sites with the people to be shown, each with what their status is called."""
    sites = []
    for part in report.sites:
        people = [
            {"person": person, "label": Received(person.status).label}
            for person in part.employees
            if with_complete or person.status != Received.COMPLETE
        ]
        if people:
            sites.append({"name": part.site_name, "people": people})
    return sites


admin.site.add_report(MissingReport())  # type: ignore[attr-defined]
