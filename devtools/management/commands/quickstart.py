"""`manage.py quickstart`: set up and start AutomateHQ with demo data."""

import http.client
import subprocess
import sys
import time
from argparse import BooleanOptionalAction

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from automatehq.advisory_locks import session_lock
from demo.demo_accounts import environment, sign_ins, table
from devtools.process_group import (
    Interrupted,
    ProcessExited,
    ProcessGroup,
    bind_free_port,
    interrupt_on_signals,
)

SECONDS = 60  # the time limit for the server's first response
GREETING = """
AutomateHQ is running.

  Admin     http://127.0.0.1:{port}/admin/
  API docs  http://127.0.0.1:{port}/api/docs

{table}

Stop with Ctrl-C. The data are kept for the next start.
"""


class Command(BaseCommand):
    help = (
        "Migrate the database, add demo data if there are none, and run the web server and the worker until "
        "Ctrl-C. For evaluation only; docs/operations.md describes a production setup."
    )
    # The checks of `migrate` run first: before it there may be no tables to check.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--port",
            type=int,
            default=8000,
            help="the first port to try (default 8000); a port in use is skipped",
        )
        parser.add_argument(
            "--serve",
            action=BooleanOptionalAction,
            default=True,
            help="--no-serve: prepare everything, print the demo users and exit",
        )

        parser.add_argument(
            "--demo",
            action=BooleanOptionalAction,
            default=True,
            help="--no-demo: do not create demo data",
        )

    def handle(self, *, port: int, serve: bool, demo: bool, **options: object) -> None:
        try:
            with interrupt_on_signals():
                self._prepare(demo=demo)
                if serve:
                    self._serve(port)
                else:
                    self._print(table(sign_ins()))
        except Interrupted:
            self._print("Stopped.")
        except (ProcessExited, OSError) as error:
            raise CommandError(str(error)) from error

    def _print(self, text: str) -> None:
        """Print the text and flush it, because the next line may come hours later."""
        self.stdout.write(text)
        self.stdout.flush()

    def _prepare(self, *, demo: bool) -> None:
        """Run the steps of a first start that are still missing. Concurrent calls wait for each other."""
        with session_lock("quickstart", waiting=self._print):
            self._print("Preparing the database…")
            call_command("migrate", verbosity=0, interactive=False)
            self._seed()
            if demo:
                call_command("seed_demo", verbosity=0, stdout=self.stdout)
            if not settings.DEBUG:
                call_command("collectstatic", verbosity=0, interactive=False)
        connection.close()  # child processes open their own connections

    def _seed(self) -> None:
        """Create the first users in a process with the demo's settings in its environment."""
        done = subprocess.run(  # noqa: S603 -- our own command line
            _manage("seed"),
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CommandError(done.stderr.strip().removeprefix("CommandError: "))

    def _serve(self, port: int) -> None:
        with ProcessGroup() as group:
            with bind_free_port(port) as listener:
                port = listener.getsockname()[1]
                group.start(
                    "web server",
                    _web_server(listener.fileno()),
                    pass_fds=[listener.fileno()],
                )
            # Without its reloader, which would be a process between this one and the worker.
            group.start("worker", _manage("db_worker", "--no-reload"))
            self._wait_until_ready(group, port)
            self._print(GREETING.format(port=port, table=table(sign_ins())))
            connection.close()
            group.wait()

    def _wait_until_ready(self, group: ProcessGroup, port: int) -> None:
        deadline = time.monotonic() + SECONDS
        while not _is_ready(port):
            group.check()
            if time.monotonic() > deadline:
                raise ProcessExited(
                    f"The web server did not respond within {SECONDS} seconds."
                )
            time.sleep(0.1)


def _manage(*arguments: str) -> list[str]:
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]


def _web_server(descriptor: int) -> list[str]:
    """Return the command of gunicorn, which is used with DEBUG too.

    WhiteNoise serves the static files in either case, and gunicorn stops on a signal.
    """
    return [
        *(sys.executable, "-m", "gunicorn", "automatehq.wsgi:application"),
        *("--chdir", str(settings.BASE_DIR)),
        *("--bind", f"fd://{descriptor}"),
        *("--workers", "2", "--threads", "4"),
        *("--timeout", "120", "--graceful-timeout", "5"),
        *("--log-level", "warning", "--no-control-socket"),
    ]


def _is_ready(port: int) -> bool:
    """Return True if /healthz gives any response; its status depends on settings such as ALLOWED_HOSTS."""
    options = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        options.request("GET", "/healthz")
        options.getresponse().read()
    except OSError:
        return False
    finally:
        options.close()
    return True
