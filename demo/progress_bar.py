"""Progress output of commands."""

import time
from types import TracebackType
from typing import Any

WIDTH = 30
# Without a terminal, print a line at intervals.
SECONDS = 10


class ProgressBar:
    """A progress bar on a terminal; in a log, a line every ten seconds.

    Call it with a share from 0 to 1 and a text.
    """

    def __init__(self, output: Any) -> None:
        self._output = output
        self._is_screen = output.isatty()
        self._shown_at = 0.0
        self._shown: tuple[int, str] | None = None

    def __call__(self, share: float, text: str) -> None:
        percent = int(share * 100)
        if (percent, text) == self._shown:
            return
        if self._is_screen:
            full = round(share * WIDTH)
            bar = "█" * full + "░" * (WIDTH - full)
            self._write(f"\r\033[K{bar} {percent:3} %  {text}")
        elif time.monotonic() - self._shown_at > SECONDS:
            self._shown_at = time.monotonic()
            self._write(f"{percent:3} %  {text}\n")
        self._shown = (percent, text)

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_screen and self._shown:
            self._write("\r\033[K")

    def _write(self, text: str) -> None:
        self._output.write(text, ending="")
        self._output.flush()
