"""The matrix as a workbook: a sheet a site, a column an employee, a row a day."""

from collections.abc import Iterator
from typing import IO, Any

from django.utils.translation import gettext as _

from automatehq.api.errors import Invalid
from workcards.matrix import NO_HOURS, Matrix, MatrixCell, State, matrices_of
from workcards.month_math import days_of_month, format_month, is_saturday
from workcards.month_rows import DRAFT, DRAFT_CONFLICT, DayRow
from workcards.transitions import DayStatus

from .export_options import ExportOptions
from .sheet_names import SheetNames
from .xlsx import DATE_FORMAT, HOURS_FORMAT, MAX_COLUMNS, add_sheet, workbook

# Unapproved days are text, which formulas do not add up.
_MARKS = {State.NEEDS_REVIEW: DRAFT, State.CONFLICT: DRAFT_CONFLICT}
# The columns before the employees: date and day of the week. The column after them: the day's total.
FIRST_COLUMN = 2
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
NAME_HEIGHT = 45  # three lines
NAME_ROW, PASSPORT_ROW, FIRST_DAY_ROW = 0, 1, 2


def write_matrix_xlsx(
    rows: Iterator[DayRow], file: IO[bytes], options: ExportOptions
) -> int:
    """Write the workbook and return the number of days in it.

    One site at a time is in memory. The rows are those of `month_rows(…, include_expected=True)`: an expected
    employee without a day has a column too.
    """
    names = SheetNames()
    count = 0
    with workbook(file) as book:
        style = _Style(book)
        for matrix in matrices_of(options.month, rows):
            sheet = add_sheet(book, names.take(matrix.site_name), options.language)
            _fill(sheet, matrix, style)
            count += sum(len(column.cells) for column in matrix.columns)
            # A month may have more sites than a process may have open files.
            sheet._opt_close()
        if not book.worksheets():
            month = format_month(options.month)
            empty = Matrix(options.month, site_name=month)
            empty.day_totals = dict.fromkeys(days_of_month(options.month), NO_HOURS)
            _fill(add_sheet(book, month, options.language), empty, style)
    return count


class _Style:
    """The cell formats of a workbook, for weekdays and for Saturdays."""

    def __init__(self, book: Any) -> None:
        saturday = {"bg_color": "#D9D9D9"}
        self.head = book.add_format({"bold": True})
        self.name = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self.total = book.add_format({"bold": True, "num_format": HOURS_FORMAT})
        self.count = book.add_format({"bold": True, "num_format": "0"})
        # Indexed by `is_marked`: weekday, Saturday.
        self.plain = (None, book.add_format(saturday))
        self.date, self.hours, self.draft, self.day_total = (
            tuple(book.add_format({**properties, **day}) for day in ({}, saturday))
            for properties in (
                {"num_format": DATE_FORMAT, "align": "left"},
                {"num_format": HOURS_FORMAT},
                {"italic": True, "font_color": "#9C0006"},
                {"bold": True, "num_format": HOURS_FORMAT},
            )
        )


def _fill(sheet: Any, matrix: Matrix, style: _Style) -> None:
    last = FIRST_COLUMN + len(matrix.columns)
    if last >= MAX_COLUMNS:
        raise Invalid(
            "too_many_employees",
            _("%(site)s has more employees than a sheet has columns.")
            % {"site": matrix.site_name},
        )
    sheet.set_column(0, 0, 22)
    sheet.set_column(FIRST_COLUMN, last, 22)
    sheet.set_row(NAME_ROW, NAME_HEIGHT)
    # A printed month is one page high and as many pages wide as its employees need.
    sheet.fit_to_pages(0, 1)
    sheet.repeat_rows(NAME_ROW, PASSPORT_ROW)
    sheet.repeat_columns(0, FIRST_COLUMN - 1)
    sheet.freeze_panes(FIRST_DAY_ROW, FIRST_COLUMN)
    sheet.write_string(NAME_ROW, 0, "Date", style.head)
    sheet.write_string(NAME_ROW, 1, "Day", style.head)
    for index, column in enumerate(matrix.columns, FIRST_COLUMN):
        sheet.write_string(NAME_ROW, index, column.full_name, style.name)
    sheet.write_string(NAME_ROW, last, "Total", style.head)
    sheet.write_string(PASSPORT_ROW, 0, "Passport", style.head)
    for index, column in enumerate(matrix.columns, FIRST_COLUMN):
        if column.passport_id:
            sheet.write_string(PASSPORT_ROW, index, column.passport_id)
    row = FIRST_DAY_ROW
    for day in matrix.days:
        is_marked = is_saturday(day)
        sheet.write_datetime(row, 0, day, style.date[is_marked])
        sheet.write_string(row, 1, WEEKDAYS[day.weekday()], style.plain[is_marked])
        for index, column in enumerate(matrix.columns, FIRST_COLUMN):
            _write_cell(
                sheet, row, index, column.cells.get(day), style, is_marked=is_marked
            )
        total = float(matrix.day_totals[day])
        sheet.write_number(row, last, total, style.day_total[is_marked])
        row += 1
    sheet.write_string(row, 0, "Total", style.head)
    for index, column in enumerate(matrix.columns, FIRST_COLUMN):
        sheet.write_number(row, index, float(column.total_hours), style.total)
    sheet.write_number(row, last, float(matrix.total_hours), style.total)
    for kind in DayStatus.values:
        row += 1
        sheet.write_string(row, 0, kind, style.head)
        for index, column in enumerate(matrix.columns, FIRST_COLUMN):
            sheet.write_number(row, index, column.absences[kind], style.count)
        days = sum(column.absences[kind] for column in matrix.columns)
        sheet.write_number(row, last, days, style.count)


def _write_cell(
    sheet: Any,
    row: int,
    index: int,
    cell: MatrixCell | None,
    style: _Style,
    *,
    is_marked: bool,
) -> None:
    """Write the cell of a day.

    Approved hours are a number, an absence is its name, and an unapproved day is text with a mark.
    """
    if cell is None:
        if is_marked:
            sheet.write_blank(row, index, None, style.plain[is_marked])
    elif mark := _MARKS.get(cell.state):
        shown = cell.day_status or f"{cell.hours:.2f}"
        sheet.write_string(row, index, f"{shown} {mark}", style.draft[is_marked])
    elif cell.day_status:
        sheet.write_string(row, index, cell.day_status, style.plain[is_marked])
    else:
        sheet.write_number(row, index, float(cell.hours or 0), style.hours[is_marked])
