"""`manage.py screenshots`: take the screenshots of README.md and docs/; `make pictures` runs it."""

from django.core.management.base import BaseCommand

from devtools.screenshots import main


class Command(BaseCommand):
    help = (
        "Create demo data in an empty database and take the pictures of the documents."
    )

    def handle(self, **options: object) -> None:
        main()
