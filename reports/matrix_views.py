"""API views of the month's matrix."""

import uuid
from datetime import date
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from automatehq.api.fields import DateField, HoursField, IdField, MonthField
from automatehq.api.openapi_examples import load_examples
from automatehq.api.query_serializers import FlagField
from automatehq.api.routing import endpoint
from automatehq.api.views import APIView
from businesses.tenancy.query_params import OneBusinessQuery
from businesses.tenancy.viewsets import TenantGenericViewSet
from workcards.matrix import Matrix, MatrixCell, MatrixColumn, State, month_matrix
from workcards.month_math import format_month, is_saturday
from workcards.transitions import DayStatus
from workforce.models import Site

KINDS_OF_ABSENCE = tuple(DayStatus.values)


class SiteMatrixQuery(OneBusinessQuery):
    month = MonthField()
    approved_only = FlagField(
        default=True,
        help_text="If false, include days of cards under review on dates that are not in the ledger.",
    )


class MatrixQuery(SiteMatrixQuery):
    site_id = IdField(required=False, help_text="All sites by default.")


class MatrixDaySerializer(serializers.Serializer[Any]):
    date = DateField()
    is_saturday = serializers.BooleanField()


class MatrixCellSerializer(serializers.Serializer[Any]):
    hours = HoursField(allow_null=True, help_text="Null for an absence.")
    minutes = serializers.IntegerField(
        allow_null=True, help_text="Null for an absence."
    )
    day_status = serializers.ChoiceField(DayStatus.choices, allow_null=True)
    state = serializers.ChoiceField([state.value for state in State])
    work_card_id = serializers.UUIDField()


class MatrixAbsencesSerializer(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {kind: serializers.IntegerField() for kind in KINDS_OF_ABSENCE}


class MatrixEmployeeSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    full_name = serializers.CharField()
    passport_id = serializers.CharField(
        allow_null=True, help_text="The former passport if it was released."
    )
    total_hours = HoursField()
    total_minutes = serializers.IntegerField()
    absences = MatrixAbsencesSerializer(help_text="Number of days by type of absence.")


class MatrixSerializer(serializers.Serializer[Any]):
    """A month as a matrix. Totals include approved days only."""

    month = MonthField()
    days = MatrixDaySerializer(many=True)
    employees = MatrixEmployeeSerializer(many=True)
    cells = serializers.DictField(
        child=serializers.DictField(child=MatrixCellSerializer()),
        help_text="Days by employee ID and date. Dates without a day are omitted.",
    )
    day_totals = serializers.DictField(child=HoursField(), help_text="By date.")
    day_minutes = serializers.DictField(
        child=serializers.IntegerField(), help_text="By date."
    )
    total_hours = HoursField()
    total_minutes = serializers.IntegerField()

    def to_representation(self, matrix: Matrix) -> dict[str, object]:
        # Built without nested serializers: a month of a large business has tens of thousands of cells.
        return {
            "month": format_month(matrix.month),
            "days": [
                {"date": str(day), "is_saturday": is_saturday(day)}
                for day in matrix.days
            ],
            "employees": [_employee(column) for column in matrix.columns],
            "cells": {
                column.employee_id: _cells(column.cells) for column in matrix.columns
            },
            "day_totals": {
                str(day): f"{hours:.2f}" for day, hours in matrix.day_totals.items()
            },
            "day_minutes": {
                str(day): minutes for day, minutes in matrix.day_minutes.items()
            },
            "total_hours": f"{matrix.total_hours:.2f}",
            "total_minutes": matrix.total_minutes,
        }


def _employee(column: MatrixColumn) -> dict[str, Any]:
    return {
        "id": column.employee_id,
        "full_name": column.full_name,
        "passport_id": column.passport_id,
        "total_hours": f"{column.total_hours:.2f}",
        "total_minutes": column.total_minutes,
        "absences": {kind: column.absences[kind] for kind in KINDS_OF_ABSENCE},
    }


def _cells(cells: dict[date, MatrixCell]) -> dict[str, Any]:
    return {
        str(day): {
            "hours": None if cell.hours is None else f"{cell.hours:.2f}",
            "minutes": cell.minutes,
            "day_status": cell.day_status,
            "state": cell.state,
            "work_card_id": cell.work_card_id,
        }
        for day, cell in cells.items()
    }


class MatrixView(APIView):
    """The month as a matrix, from the ledger."""

    @endpoint(
        right="matrix.see",
        parameters=[MatrixQuery],
        responses=MatrixSerializer,
        examples=load_examples("reports", "matrix"),
    )
    def get(self, request: Request) -> Response:
        """Return the month of all sites together, or of one site."""
        matrix = month_matrix(**MatrixQuery.read(request))
        return Response(MatrixSerializer(matrix).data)


class SiteMatrixViewSet(TenantGenericViewSet[Site]):
    """The month of a site as a matrix, from the ledger."""

    queryset = Site.objects
    serializer_class = MatrixSerializer

    @endpoint(
        "GET {id}/matrix",
        right="matrix.see",
        parameters=[SiteMatrixQuery],
        responses=MatrixSerializer,
        examples=load_examples("reports", "matrix"),
    )
    def matrix(self, request: Request, pk: uuid.UUID) -> Response:
        """Return the month of a site."""
        site_id = self.get_object().pk
        matrix = month_matrix(site_id=site_id, **SiteMatrixQuery.read(request))
        return Response(MatrixSerializer(matrix).data)
