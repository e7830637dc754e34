"""Files that all workers of a test run share, each created by the first worker that needs it."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

FOLDER = "AUTOMATEHQ_TEST_RUN"  # environment variable


def create_folder(config: pytest.Config) -> None:
    """Create the folder, and delete it after the run. A worker inherits it."""
    if FOLDER not in os.environ:
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="automatehq-tests-")
        config.add_cleanup(lambda: shutil.rmtree(os.environ.pop(FOLDER)))


@contextmanager
def shared_path(name: str) -> Iterator[Path]:
    """Yield the path of a shared file, which the block creates if it does not exist.

    Other workers wait meanwhile.
    """
    path = Path(os.environ[FOLDER]) / name
    with path.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield path
