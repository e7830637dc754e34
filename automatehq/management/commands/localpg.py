"""`manage.py localpg start|stop|status`: the private PostgreSQL server of this clone."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from automatehq.localpg import LocalPostgres, LocalPostgresError


class Command(BaseCommand):
    help = (
        "Start or stop this clone's private PostgreSQL server, or say whether it runs."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["start", "stop", "status"])

    def handle(self, *, action: str, **options: object) -> None:
        server = LocalPostgres(settings.VAR_DIR / "pg")
        try:
            if action == "start":
                server.start()
            if action == "stop":
                was_running = server.stop()
                self.stdout.write("Stopped." if was_running else "It was not running.")
            else:
                self.stdout.write(server.status())
        except LocalPostgresError as error:
            raise CommandError(str(error)) from error
