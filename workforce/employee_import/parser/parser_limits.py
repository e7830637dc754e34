"""The limits of a file, and the error of a file that is rejected."""

from typing import Any

MAX_ROWS = 10_000
MAX_COLUMNS = 100
# A title may stand above the headers.
HEADER_WITHIN = 10
# Excel's limits.
MAX_ROW_NUMBER = 2**20
MAX_CELL_LETTERS = 32_767
# Letters in the stored cells. A workbook stores a text once and may refer to it in any number of cells.
MAX_LETTERS = 8 * 1000**2
# The size of a part that is read as a whole.
MAX_PART_BYTES = 8 * 1024**2
MAX_SHEETS = 50

MAX_MEMORY_BYTES = 256 * 1024**2
MAX_CPU_SECONDS = 5
EXIT_REJECTED = 3


class RejectedFile(Exception):
    """The rejection of a whole file: an error code, and the values of its message."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values
