"""Limits of a process that reads a file of a user."""

import os
from contextlib import suppress


def limit_resources(*, memory_bytes: int, cpu_seconds: int) -> None:
    """Limit memory and processor time of this process, if the system supports it.

    The process cannot write files.
    """
    try:
        import resource  # noqa: PLC0415  only Unix has it
    except ImportError:
        return
    # Requests to the application have priority.
    os.nice(5)
    for kind, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        # macOS defines some limits but rejects them.
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (limit, limit))
