"""`manage.py wait_for_database`: a check before a web process or worker starts."""

import time

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connection

RETRY_INTERVAL = 1.0  # seconds


class Command(BaseCommand):
    help = "Wait until the database accepts connections. Exits with 1 after --timeout seconds."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--timeout",
            type=int,
            default=60,
            metavar="SECONDS",
            help="seconds to wait (default 60)",
        )

    def handle(self, *, timeout: int, **options: object) -> None:
        deadline = time.monotonic() + timeout
        is_announced = False
        while True:
            try:
                connection.ensure_connection()
            except OperationalError as error:
                if time.monotonic() + RETRY_INTERVAL > deadline:
                    raise CommandError(
                        f"The database did not accept a connection within {timeout} seconds: {error}"
                    ) from error
            else:
                connection.close()
                return
            if not is_announced:
                self.stderr.write("Waiting for the database.")
                is_announced = True
            time.sleep(RETRY_INTERVAL)
