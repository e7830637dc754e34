"""The admin page of missing cards, and the part of it on the month page."""

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from businesses.tenancy.admin import is_on_platform
from workcards.missing_cards import (
    ExpectedEmployee,
    MissingCards,
    Received,
    missing_cards,
)
from workcards.models import ClosedMonth

from .base import MonthForm, MonthReport, PeopleForm


class MissingForm(PeopleForm):
    complete = forms.BooleanField(label=_("Include complete employees"), required=False)


class MissingReport(MonthReport):
    path = "missing_cards/"
    name = "missing_cards"
    title = _("Missing cards")
    template = "admin/reports/missing_cards.html"
    form_class = MissingForm

    def report_context(
        self, request: HttpRequest, form: MonthForm
    ) -> dict[str, object]:
        assert isinstance(form, PeopleForm)
        filters = form.to_filters()
        name, business = form.employee_name(), form.business(request)
        report = missing_cards(**filters, business=business, name=name)
        closed = ClosedMonth.objects.for_month(report.month)
        return {
            "report": report,
            "counts": [
                (status, status.label, report.counts[status]) for status in Received
            ],
            "sites": employees_by_site(
                report, with_complete=form.cleaned_data["complete"]
            ),
            "takes_cards": not is_on_platform() and not closed.exists(),
        }


def employees_by_site(
    report: MissingCards, *, with_complete: bool = False, most: int | None = None
) -> list[tuple[str | None, int, list[ExpectedEmployee]]]:
    """Return name, number of employees and employees to show of each site.

    Shows at most `most` employees in total. For `missing_table.html`.
    """
    shown, sites = 0, []
    for part in report.sites:
        people = [
            person
            for person in part.employees
            if with_complete or person.status != Received.COMPLETE
        ]
        left = None if most is None else max(0, most - shown)
        if people and left != 0:
            sites.append((part.site_name, len(people), people[:left]))
        shown += len(people)
    return sites


admin.site.register_page(MissingReport())  # type: ignore[attr-defined]
