"""A temporary database for the isolation checks."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import time_machine
from django.db import transaction
from django.test import override_settings
from django.test.utils import setup_test_environment, teardown_test_environment

from tests.scratch_database import migrate, scratch_database

from .report import log

# The clock is frozen so that the time causes no difference between two responses.
NOW = datetime(2026, 7, 15, 9, 0, tzinfo=UTC)


@contextmanager
def temporary_database() -> Iterator[None]:
    """Provide a migrated temporary database, an empty media folder and a frozen clock.

    The block runs in one transaction that is rolled back at the end.
    """
    setup_test_environment(debug=False)
    try:
        with (
            tempfile.TemporaryDirectory() as media,
            override_settings(MEDIA_ROOT=media),
            scratch_database(),
        ):
            log("Migrating a temporary database …")
            migrate()
            with time_machine.travel(NOW, tick=False), transaction.atomic():
                yield
                transaction.set_rollback(True)
    finally:
        teardown_test_environment()
