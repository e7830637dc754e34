"""AutomateHQ with a clock that can be set while it runs: the file that PROOF_CLOCK names says how many minutes off it is.

    gunicorn isolation.faults.fake_clock:application
    python -m isolation.faults.fake_clock db_worker

The date moves as when somebody sets a machine's clock; what measures durations goes on. (libfaketime, which would move it for
any program, breaks Python's `time.sleep` when it leaves durations alone.)
"""

import os
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine

LOOK_EVERY = 0.2  # seconds


def _follow(file: Path) -> None:
    minutes, travel = 0, None
    while True:
        wanted = int(file.read_text())
        if wanted != minutes:
            if travel is not None:
                travel.stop()
            minutes, travel = wanted, None
            if minutes:
                now = datetime.now(UTC) + timedelta(minutes=minutes)
                travel = time_machine.travel(now, tick=True)
                travel.start()
        time.sleep(LOOK_EVERY)


def follow() -> None:
    """Begin to move this process's clock as the file says."""
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
