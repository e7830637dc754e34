"""AutomateHQ with an adjustable clock. The file at PROOF_CLOCK contains the offset in minutes.

    gunicorn isolation.faults.fake_clock:application
    python -m isolation.faults.fake_clock db_worker

The wall clock moves as if an operator set it; monotonic clocks do not. libfaketime works for any program, but without
faking monotonic clocks it breaks Python's `time.sleep`.
"""

import os
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine

POLL_INTERVAL = 0.2  # seconds


def _follow(file: Path) -> None:
    minutes, travel = 0, None
    while True:
        new_minutes = int(file.read_text())
        if new_minutes != minutes:
            if travel is not None:
                travel.stop()
            minutes, travel = new_minutes, None
            if minutes:
                now = datetime.now(UTC) + timedelta(minutes=minutes)
                travel = time_machine.travel(now, tick=True)
                travel.start()
        time.sleep(POLL_INTERVAL)


def follow() -> None:
    """Start a thread that applies the offset in the file to this process's clock."""
    file = Path(os.environ["PROOF_CLOCK"])
    threading.Thread(target=_follow, args=[file], daemon=True).start()


if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "automatehq.settings")
    follow()
    execute_from_command_line(["manage.py", *sys.argv[1:]])
else:
    from automatehq import wsgi

    application = wsgi.application

    follow()
