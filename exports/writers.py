"""The writers that turn rows into files.

Equal rows give equal bytes: no content of a file depends on the time of its creation.
"""

from collections.abc import Callable, Iterator
from typing import IO, NamedTuple

from workcards.month_rows import BY_EMPLOYEE, BY_SITE, DayRow

from .csv_columns import DAYS_HEADER, csv_writer, day_cells
from .export_options import ExportOptions
from .matrix_workbook import write_matrix_xlsx
from .models import ExportRun
from .payroll import write_payroll_csv
from .summary import write_summary_xlsx

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Writer(NamedTuple):
    """The writer of a kind of file. `write` returns the number of rows; `order` is the order of the rows it reads."""

    write: Callable[[Iterator[DayRow], IO[bytes], ExportOptions], int]
    extension: str
    mime_type: str
    order: tuple[str, ...] = BY_SITE
    # Also read the employees who are expected in the month and have no day yet.
    with_expected: bool = False


def write_days_csv(
    rows: Iterator[DayRow], file: IO[bytes], options: ExportOptions
) -> int:
    """Write a row a day, employee and site; return the number of rows.

    UTF-8 with a byte order mark, so that spreadsheets read Hebrew.
    """
    count = 0
    with csv_writer(file) as writer:
        writer.writerow(DAYS_HEADER)
        for count, row in enumerate(rows, 1):  # noqa: B007 -- used below
            writer.writerow(day_cells(row))
    return count


WRITERS = {
    ExportRun.Kind.DAYS_CSV: Writer(write_days_csv, "csv", "text/csv"),
    ExportRun.Kind.MATRIX_XLSX: Writer(
        write_matrix_xlsx, "xlsx", XLSX, with_expected=True
    ),
    ExportRun.Kind.SUMMARY_XLSX: Writer(write_summary_xlsx, "xlsx", XLSX, BY_EMPLOYEE),
    ExportRun.Kind.PAYROLL_CSV: Writer(
        write_payroll_csv, "csv", "text/csv", BY_EMPLOYEE
    ),
}
