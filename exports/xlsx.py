"""Workbooks of which no part is held in memory for long, and whose bytes depend on their cells alone."""

import datetime as dt
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from xlsxwriter import Workbook

from businesses.models import Business

# What a workbook says of when it was made: always the same, or the same data would give other bytes.
CREATED_AT = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
HOURS_FORMAT = "0.00"
DATE_FORMAT = "yyyy-mm-dd"
# What fits on a sheet; beyond, cells would be dropped without a word.
MAX_COLUMNS = 16_384
MAX_ROWS = 1_048_576


@contextmanager
def workbook(file: IO[bytes]) -> Iterator[Any]:
    """A workbook that is written to `file` when the block ends, row after row in order.

    Text stays text: nothing is taken for a formula, a link or a number. After an error nothing is written, and nothing
    is left behind.
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
                sheet._opt_close()  # its part lies in the folder
            raise
        book.close()


def add_sheet(book: Any, name: str, language: str) -> Any:
    """A sheet that is read from the right in a business whose language is."""
    sheet = book.add_worksheet(name)
    if language == Business.Language.HEBREW:
        sheet.right_to_left()
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)  # printed as wide as a page, as long as it is
    return sheet
