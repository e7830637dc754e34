"""The admin page of a month: the matrix, missing cards, and the state of closing."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.admin_site import AutomateHQAdminSite
from accounts.request_user import get_request_business
from businesses.models import Business
from reports.month_status import month_state
from workcards.matrix import (
    EMPLOYEES_A_PAGE,
    MatrixCell,
    MatrixColumn,
    State,
    matrix_page,
)
from workcards.missing_cards import MissingCards, Received, missing_cards
from workcards.month_math import (
    days_of_month,
    format_month,
    is_saturday,
    next_month,
    previous_month,
)
from workcards.services.review import REASON_LENGTH
from workcards.transitions import DayStatus

from .base import MonthFilters, MonthForm, MonthReport, PeopleForm
from .missing import employees_by_site

MISSING_SHOWN = 20
# Approved days have no label.
STATE_LABELS = {
    State.NEEDS_REVIEW: gettext_lazy("under review"),
    State.CONFLICT: gettext_lazy("in conflict"),
}
# Letter in a cell; the legend beside the matrix shows the word.
LETTERS = {
    DayStatus.VACATION: pgettext_lazy("letter of an absence", "V"),
    DayStatus.SICK: pgettext_lazy("letter of an absence", "S"),
    DayStatus.INTERNATIONAL_VISA: pgettext_lazy("letter of an absence", "I"),
    DayStatus.HOLIDAY: pgettext_lazy("letter of an absence", "H"),
}
# The first and last month with a month before and after.
EARLIEST, LATEST = date(1901, 1, 1), date(2199, 11, 1)


class MonthPageForm(PeopleForm):
    approved_only = forms.BooleanField(
        label=gettext_lazy("Approved only"), required=False
    )


class MonthPage(MonthReport):
    path = "month/"
    name = "month"
    title = gettext_lazy("The month at a glance")
    template = "admin/reports/month.html"
    form_class = MonthPageForm

    def view(self, site: AutomateHQAdminSite, request: HttpRequest) -> HttpResponse:
        """Render the page; with `?rows=2` render only those rows of the matrix.

        The page's script requests the rows as the user scrolls.
        """
        response = super().view(site, request)
        if "rows" in request.GET and response.status_code == 200:
            context: Any = response.context_data  # type: ignore[attr-defined]
            return TemplateResponse(
                request, "admin/reports/month/matrix_rows.html", context
            )
        return response

    def report_context(
        self, request: HttpRequest, form: MonthForm
    ) -> dict[str, object]:
        assert isinstance(form, PeopleForm)
        filters, name = form.to_filters(), form.employee_name()
        options = form.cleaned_data
        month = filters["month"]
        number = request.GET.get("rows") or request.GET.get("page")
        matrix, page, namesakes = matrix_page(
            number,
            **filters,
            name=name,
            approved_only=options["approved_only"],
        )
        days = [(day, is_saturday(day)) for day in days_of_month(month)]
        context = {
            "matrix": matrix,
            "page": page,
            "rows": [
                _row(column, days, page.start_index() + place)
                # Namesakes are in adjacent rows; the passport distinguishes them.
                | {"has_namesake": column.full_name in namesakes}
                for place, column in enumerate(matrix.columns)
            ],
        }
        if "rows" in request.GET:
            return context
        return context | {
            "days": days,
            "day_totals": [
                (is_saturday(day), hours) for day, hours in matrix.day_totals.items()
            ],
            "a_page": EMPLOYEES_A_PAGE,
            "letters": [(letter, kind.label) for kind, letter in LETTERS.items()],
            "query": _without(request, "page"),
            "site": options.get("site"),
            **_neighbour_links(request, month),
            **_missing(filters, form.business(request), name),
            **self._state(request, month),
        }

    def _state(self, request: HttpRequest, month: date) -> dict[str, Any]:
        """Return the closing state and the open cards of the month.

        Empty on the platform.
        """
        business = get_request_business(request)
        if business is None:
            return {}
        state = month_state(business, month)
        request.nav_counts = state.side_bar  # type: ignore[attr-defined]
        return {
            "state": state,
            "reason_length": REASON_LENGTH,
            "takes_cards": state.closed is None,
        }


def _row(
    column: MatrixColumn, days: list[tuple[date, bool]], number: int
) -> dict[str, Any]:
    return {
        "number": number,
        "employee": column,
        "cells": [
            (is_rest, _cell_context(column.cells.get(day))) for day, is_rest in days
        ],
        "absences": ", ".join(
            f"{DayStatus(kind).label}: {count}"
            for kind, count in sorted(column.absences.items())
        ),
    }


def _cell_context(cell: MatrixCell | None) -> dict[str, Any] | None:
    """Return text, CSS class and accessible label of a cell; None for an empty cell.

    The label is empty if the text alone says the same.
    """
    if cell is None:
        return None
    hours = None if cell.hours is None else f"{cell.hours.normalize():f}"
    kind = DayStatus(cell.day_status) if cell.day_status else None
    state = STATE_LABELS.get(cell.state)
    label = ", ".join(str(one) for one in (kind.label if kind else hours, state) if one)
    return {
        "text": LETTERS[kind] if kind else hours,
        "css_class": _css_class(cell, kind),
        "label": label if kind or state else "",
        "work_card_id": cell.work_card_id,
    }


def _css_class(cell: MatrixCell, kind: DayStatus | None) -> str:
    if cell.state is State.CONFLICT:
        return "m-conflict"
    draft = "m-review" if cell.state is State.NEEDS_REVIEW else ""
    return " ".join(filter(None, (draft, kind and "m-absence")))


def _neighbour_links(request: HttpRequest, month: date) -> dict[str, str]:
    """Return the query strings of the months before and after, with the same filters."""
    query = request.GET.copy()
    query.pop("page", None)
    links = {}
    for side, is_allowed, neighbour in (
        ("earlier", month > EARLIEST, previous_month),
        ("later", month < LATEST, next_month),
    ):
        query["month"] = format_month(neighbour(month)) if is_allowed else ""
        links[side] = f"?{query.urlencode()}" if is_allowed else ""
    return links


def _without(request: HttpRequest, name: str) -> str:
    query = request.GET.copy()
    query.pop(name, None)
    return query.urlencode()


def _missing(filters: MonthFilters, business: Business, name: str) -> dict[str, Any]:
    """Return the employees with the most missing cards; another page lists all."""
    report = missing_cards(**filters, business=business, name=name)
    parameters: dict[str, Any] = {
        "site": filters["site_id"],
        "business": filters["business_id"],
        "name": name,
        "month": format_month(filters["month"]),
    }
    query_string = urlencode({key: value for key, value in parameters.items() if value})
    return {
        "missing": report,
        "missing_count": sum(report.counts.values())
        - _count(report, Received.COMPLETE),
        "missing_sites": employees_by_site(report, most=MISSING_SHOWN),
        "missing_none": _count(report, Received.NONE),
        "missing_part": _count(report, Received.PARTIAL),
        "missing_url": f"{reverse('admin:missing_cards')}?{query_string}",
        "expected_count": sum(report.counts.values()),
        # Under a filter the counts are partial, but closing the month depends on all cards.
        "is_narrowed": bool(filters["site_id"] or name),
    }


def _count(report: MissingCards, status: Received) -> int:
    return report.counts[status.value]


admin.site.register_page(MonthPage())  # type: ignore[attr-defined]
