"""A database of the proof's own, that is gone afterwards."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import time_machine
from django.db import transaction
from django.test import override_settings
from django.test.utils import setup_test_environment, teardown_test_environment

from tests.scratch_database import migrate, scratch_database

from .report import say

# The clock stands still, so that two answers differ in nothing that time has done.
NOW = datetime(2026, 7, 15, 9, 0, tzinfo=UTC)


@contextmanager
def own_database() -> Iterator[None]:
    """A migrated database, files in a folder of their own, time standing still, and one transaction that is rolled back."""
    setup_test_environment(debug=False)
    try:
        with (
            tempfile.TemporaryDirectory() as media,
            override_settings(MEDIA_ROOT=media),
            scratch_database(),
        ):
            say("Migrating a database of its own …")
            migrate()
            with time_machine.travel(NOW, tick=False), transaction.atomic():
                yield
                transaction.set_rollback(True)
    finally:
        teardown_test_environment()
