"""Limits of memory, time and size for decoding, and their error."""

import os
from contextlib import suppress

MAX_PAGES = 50
MAX_PIXELS = 50_000_000
# The long side of a display rendition, in pixels.
LONG_SIDE = 2000
MAX_MEMORY_BYTES = 1024**3
MAX_CPU_SECONDS = 10
EXIT_REFUSED = 3


class Refusal(Exception):
    """An error with the code of the rejection."""


def check_pixels(width: int, height: int) -> None:
    """Raise `Refusal` for an image that would need too much memory."""
    if width * height > MAX_PIXELS:
        raise Refusal("too_many_pixels")


def limit_resources() -> None:
    """Limit memory and processor time of this process, if the system supports it."""
    try:
        import resource  # noqa: PLC0415 -- Unix has it
    except ImportError:
        return
    # Requests to the application have priority.
    os.nice(5)
    for what, most in (
        (resource.RLIMIT_AS, MAX_MEMORY_BYTES),
        (resource.RLIMIT_CPU, MAX_CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
        # The decoder writes no files.
        (resource.RLIMIT_FSIZE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)  # noqa: PLW2901
        with suppress(
            ValueError, OSError
        ):  # macOS defines some limits but rejects them
            resource.setrlimit(what, (most, most))
