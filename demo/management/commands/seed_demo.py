"""`manage.py seed_demo`: invented businesses with months of work cards."""

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from automatehq.advisory_locks import session_lock
from businesses.models import Business
from demo.demo_accounts import DEFAULT_PASSWORD, sign_ins, table
from demo.options import DemoOptions
from demo.progress_bar import ProgressBar
from demo.seed import demo_businesses, seed

HELP = {
    "businesses": "how many",
    "sites": "how many sites they share",
    "employees": "how many each has",
    "months": "how many months of cards, up to this one",
    "pictures": "how many cards have a picture, in all; the others are without one",
    "seed": "another number makes other data",
}


class Command(BaseCommand):
    help = (
        "Fill the database with invented businesses, their people and months of work cards, to try AutomateHQ out. "
        "Where demo data are already, nothing is done, or what an interrupted run left undone. All of its users have "
        "the password in DEMO_PASSWORD."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        for name, text in HELP.items():
            default = getattr(DemoOptions(), name)
            parser.add_argument(
                f"--{name}", type=int, default=default, help=f"{text} ({default:,})"
            )

    def handle(self, *, verbosity: int, **options: object) -> None:
        try:
            amount = DemoOptions(**{name: options[name] for name in HELP})  # type: ignore[arg-type]
        except ValueError as error:
            raise CommandError(str(error)) from error
        password = demo_password()
        with session_lock("demo data", waiting=self.stdout.write):
            were_there = len(demo_businesses())
            with ProgressBar(self.stdout) as bar:
                made = seed(
                    amount,
                    password=password,
                    today=timezone.localdate(timezone=Business().zone),
                    progress=bar,
                )
        if not verbosity:
            return
        if not made:
            self.stdout.write(
                f"Nothing done: the demo data are there already ({were_there} businesses)."
            )
            return
        self.stdout.write(f"Businesses filled: {made}.\n\n{table(sign_ins())}")


def demo_password() -> str:
    """Return DEMO_PASSWORD, or the public default password while DEBUG is on."""
    password: str = settings.DEMO_PASSWORD
    if settings.DEBUG:
        return password or DEFAULT_PASSWORD
    if not password or password == DEFAULT_PASSWORD:
        raise CommandError(
            "Set DEMO_PASSWORD, the password of all users of the demo: DEBUG is off, so the default one will not do."
        )
    try:
        validate_password(password)
    except ValidationError as error:
        raise CommandError(f"DEMO_PASSWORD: {' '.join(error.messages)}") from error
    return password
