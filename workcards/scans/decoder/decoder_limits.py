"""Limits of memory, time and size for decoding, and their error."""

MAX_PAGES = 50
MAX_PIXELS = 50_000_000
# The long side of a display rendition, in pixels.
LONG_SIDE = 2000
MAX_MEMORY_BYTES = 1024**3
MAX_CPU_SECONDS = 10
EXIT_INVALID = 3


class RejectedScan(Exception):
    """An error with the code of the rejection."""


def check_pixels(width: int, height: int) -> None:
    """Raise `RejectedScan` for an image that would need too much memory."""
    if width * height > MAX_PIXELS:
        raise RejectedScan("too_many_pixels")
