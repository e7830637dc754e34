"""A child process that is killed while it works."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from django.conf import settings
from django.db import connection

WORKER = """
from django.core.management import call_command
call_command("db_worker", batch=True, startup_delay=False, reload=False)
"""


def run_and_kill(script: str, *arguments: str, marker: Path) -> None:
    """Run a script on the tests' database, and kill it when the file `marker` exists.

    The signal is SIGKILL. The path of `marker` is the script's first argument. Needs real commits.
    """
    database = connection.settings_dict
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(marker), *arguments],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": (
                f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}"
                f":{database['PORT']}/{database['NAME']}"
            ),
            "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        },
    )
    try:
        deadline = time.monotonic() + 60
        while not marker.exists():
            assert process.poll() is None, "the process ended too early"
            assert time.monotonic() < deadline, "the marker never appeared"
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
