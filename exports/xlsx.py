"""Workbooks that are written with little memory, and whose bytes depend on their cells alone."""

import datetime as dt
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from businesses.models import Business

# The creation time in each workbook. It is constant, so that equal data give equal bytes.
CREATED_AT = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
HOURS_FORMAT = "0.00"
DATE_FORMAT = "yyyy-mm-dd"
# The limits of a sheet. The library drops cells beyond them without an error.
MAX_COLUMNS = 16_384
MAX_ROWS = 1_048_576


@contextmanager
def workbook(file: IO[bytes]) -> Iterator[Workbook]:
    """Open a workbook that is written to `file` when the block ends. Rows must be written in order.

    Text stays text: no value becomes a formula, a link or a number. After an error the file is not written and
    temporary files are deleted.
    """
    with tempfile.TemporaryDirectory(prefix="automatehq-export-") as folder:
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "tmpdir": folder,
        }
        book = Workbook(file, options)
        book.set_properties({"created": CREATED_AT})
        try:
            yield book
        except BaseException:
            for sheet in book.worksheets():
                sheet._opt_close()  # closes its temporary file, so that the folder can be deleted
            raise
        book.close()


def add_sheet(book: Workbook, name: str, language: str) -> Worksheet:
    """Add a sheet; it is laid out from right to left for a right-to-left language."""
    sheet = book.add_worksheet(name)
    if language == Business.Language.HEBREW:
        sheet.right_to_left()
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)  # print one page wide, as many pages high as needed
    return sheet
