"""`manage.py localpg …`: the private PostgreSQL server of this clone."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from devtools.localpg_binaries import LocalPostgresError
from devtools.localpg_server import LocalPostgres


class Command(BaseCommand):
    help = "Start, stop, remove or show the private PostgreSQL server of this clone."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "action",
            choices=["start", "stop", "status", "url", "remove"],
            help="`url` starts the server and prints its URL for DATABASE_URL, with the password; `remove` deletes its "
            "data.",
        )

    def handle(self, *, action: str, **options: object) -> None:
        server = LocalPostgres(settings.VAR_DIR / "pg")
        try:
            self.stdout.write(self._do(action, server))
        except LocalPostgresError as error:
            raise CommandError(str(error)) from error

    def _do(self, action: str, server: LocalPostgres) -> str:
        match action:
            case "stop":
                return "Stopped." if server.stop() else "The server was not running."
            case "remove":
                server.remove()
                return "Removed."
            case "start" | "url":
                server.start()
        return server.url if action == "url" else server.status()
