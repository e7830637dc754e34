"""A preview of an export file, made by the writer of its kind from the first employees of the month."""

import csv
import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum
from openpyxl import load_workbook

from automatehq.api.errors import DomainError
from workcards.models import ApprovedDay
from workcards.month_rows import DayRow, month_rows
from workforce.models import Site

from .export_options import ExportOptions
from .models import ExportProfile, ExportRun
from .profiles import Profile
from .services import check_profile
from .writers import WRITERS, Writer
from .xlsx import HOURS_FORMAT

MAX_EMPLOYEES = 8
LINES = 12


@dataclass
class Preview:
    """The first lines of a file as text, and the totals of the month.

    `problem` is the reason why no file can be made.
    """

    header: list[str] = field(default_factory=list)
    lines: list[list[str]] = field(default_factory=list)
    has_more: bool = False
    problem: str = ""
    days: int = 0
    employees: int = 0
    hours: Decimal = Decimal(0)


def build_preview(
    *,
    kind: str,
    processing_month: date,
    site: Site | None = None,
    include_unapproved: bool = False,
    profile: ExportProfile | None = None,
) -> Preview:
    """Return the first lines of the file that `services.request_run` would make. Two queries.

    The arguments are the same. Errors of employees further down appear only when the file is made.
    """
    writer = WRITERS[ExportRun.Kind(kind)]
    options = ExportOptions(
        month=processing_month,
        language="en",
        is_draft=include_unapproved,
        profile=Profile.of(profile) if profile else None,
    )
    preview = Preview(**_totals(processing_month, site, options.profile))
    file = io.BytesIO()
    try:
        check_profile(kind, profile)
        with closing(
            month_rows(
                processing_month,
                site_id=site.pk if site else None,
                include_unapproved=include_unapproved,
                include_expected=writer.with_expected,
                order=writer.order,
            )
        ) as rows:
            sample = _SampleRows(rows)
            writer.write(iter(sample), file, options)
    except DomainError as error:
        preview.problem = " ".join(problem.detail for problem in error.problems)
        return preview
    lines = _lines(writer, file, options)
    preview.has_more = sample.has_more or len(lines) > LINES + 1
    if kind == ExportRun.Kind.MATRIX_XLSX and sample.has_more:
        # The totals of a matrix include all employees; the preview has only the first.
        lines = [line[:-1] for line in lines]
    preview.header, *preview.lines = lines[: LINES + 1] or [[]]
    return preview


class _SampleRows:
    """The rows of the first `MAX_EMPLOYEES` employees of a site or month.

    After iteration `has_more` is True if there were further employees.
    """

    def __init__(self, rows: Iterator[DayRow]) -> None:
        self.rows = rows
        self.has_more = False

    def __iter__(self) -> Iterator[DayRow]:
        employees: set[tuple[str, str]] = set()
        for row in self.rows:
            employees.add((row.site_id, row.employee_id))
            if len(employees) > MAX_EMPLOYEES:
                self.has_more = True
                return
            yield row


def _totals(month: date, site: Site | None, profile: Profile | None) -> dict[str, Any]:
    days = ApprovedDay.objects.for_month(month)
    if site is not None:
        days = days.filter(site=site)
    sums = days.aggregate(
        days=Count("pk"),
        employees=Count("employee", distinct=True),
        hours=Sum("hours", default=Decimal(0)),
        minutes=Sum("minutes", default=0),
    )
    minutes = sums.pop("minutes")
    if profile is not None:
        sums["hours"] = profile.paid_hours(sums["hours"], minutes)
    return dict(sums)


def _lines(writer: Writer, file: io.BytesIO, options: ExportOptions) -> list[list[str]]:
    """Return the cells of the file, slightly more lines than the preview shows."""
    file.seek(0)
    if writer.extension == "csv":
        encoding = options.profile.encoding if options.profile else "utf-8-sig"
        delimiter = options.profile.delimiter if options.profile else ","
        text = io.TextIOWrapper(file, encoding=encoding, newline="")
        return list(csv.reader(text, delimiter=delimiter))
    sheet: Any = load_workbook(file).worksheets[0]
    last = min(sheet.max_row, LINES + 2)
    return [[_cell(cell) for cell in line] for line in sheet.iter_rows(max_row=last)]


def _cell(cell: Any) -> str:
    """Return the value as a spreadsheet displays it."""
    if cell.value is None:
        return ""
    if isinstance(cell.value, datetime):
        return f"{cell.value:%Y-%m-%d}"
    is_hours = cell.number_format == HOURS_FORMAT
    return f"{cell.value:.2f}" if is_hours else str(cell.value)
