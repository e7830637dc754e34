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

from .export_options import Wanted
from .models import ExportProfile, ExportRun
from .profiles import Profile
from .services import check_profile
from .writers import WRITERS, Writer
from .xlsx import HOURS_FORMAT

PEOPLE = 8
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


def preview_of(
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
    wanted = Wanted(
        month=processing_month,
        language="en",
        is_draft=include_unapproved,
        profile=Profile.of(profile) if profile else None,
    )
    preview = Preview(**_sums(processing_month, site, wanted.profile))
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
            first = _First(rows)
            writer.write(iter(first), file, wanted)
    except DomainError as refusal:
        preview.problem = " ".join(problem.detail for problem in refusal.problems)
        return preview
    lines = _lines(writer, file, wanted)
    preview.has_more = first.has_more or len(lines) > LINES + 1
    if kind == ExportRun.Kind.MATRIX_XLSX and first.has_more:
        # The totals of a matrix include all employees; the preview has only the first.
        lines = [line[:-1] for line in lines]
    preview.header, *preview.lines = lines[: LINES + 1] or [[]]
    return preview


class _First:
    """The rows of the first `PEOPLE` employees of a site or month.

    After iteration `has_more` is True if there were further employees.
    """

    def __init__(self, rows: Iterator[DayRow]) -> None:
        self.rows = rows
        self.has_more = False

    def __iter__(self) -> Iterator[DayRow]:
        seen: set[tuple[str, str]] = set()
        for row in self.rows:
            seen.add((row.site_id, row.employee_id))
            if len(seen) > PEOPLE:
                self.has_more = True
                return
            yield row


def _sums(month: date, site: Site | None, profile: Profile | None) -> dict[str, Any]:
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


def _lines(writer: Writer, file: io.BytesIO, wanted: Wanted) -> list[list[str]]:
    """Return the cells of the file, slightly more lines than the preview shows."""
    file.seek(0)
    if writer.extension == "csv":
        encoding = wanted.profile.encoding if wanted.profile else "utf-8-sig"
        delimiter = wanted.profile.delimiter if wanted.profile else ","
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
