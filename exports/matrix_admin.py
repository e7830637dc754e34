"""The month's matrix in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from workcards.admin.reports import MonthForm, MonthReport
from workcards.months import is_saturday
from workcards.states import DayStatus

from .matrix import Cell, Column, State, month_matrix

EMPLOYEES_A_PAGE = 50
# An approved day needs no word.
STATE_LABELS = {
    State.NEEDS_REVIEW: _("under review"),
    State.CONFLICT: _("conflict"),
}


class MatrixForm(MonthForm):
    under_review = forms.BooleanField(
        label=_("With days that nobody has approved yet"), required=False
    )


class MatrixReport(MonthReport):
    path = "matrix/"
    name = "matrix"
    title = _("The month at a glance")
    template = "admin/matrix.html"
    form_class = MatrixForm

    def answer(self, request: HttpRequest, form: MonthForm) -> dict[str, Any]:
        matrix = month_matrix(
            approved_only=not form.cleaned_data["under_review"], **form.asked()
        )
        page = Paginator(matrix.columns, EMPLOYEES_A_PAGE).get_page(
            request.GET.get("page")
        )
        other_pages = request.GET.copy()
        other_pages.pop("page", None)
        return {
            "matrix": matrix,
            "days": [(day, is_saturday(day)) for day in matrix.days],
            "day_totals": [
                (is_saturday(day), hours) for day, hours in matrix.day_totals.items()
            ],
            "page": page,
            "rows": [_row(column, matrix.days) for column in page],
            "query": other_pages.urlencode(),
        }


def _row(column: Column, days: Any) -> dict[str, Any]:
    return {
        "employee": column,
        "cells": [(is_saturday(day), _told(column.cells.get(day))) for day in days],
        "absences": [
            (DayStatus(kind).label, count)
            for kind, count in sorted(column.absences.items())
        ],
    }


def _told(cell: Cell | None) -> dict[str, Any] | None:
    """What a cell says, and the class that says it to the style sheet."""
    if cell is None:
        return None
    return {
        "text": DayStatus(cell.day_status).label if cell.day_status else cell.hours,
        "state": cell.state.value.replace("_", "-"),
        "label": STATE_LABELS.get(cell.state, ""),
        "work_card_id": cell.work_card_id,
    }


admin.site.add_report(MatrixReport())  # type: ignore[attr-defined]
