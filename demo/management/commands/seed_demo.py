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
    "businesses": "number of businesses",
    "sites": "number of shared sites",
    "employees": "number per business",
    "months": "months of cards, including the current month",
    "pictures": "total number of cards with an image",
    "seed": "random seed; a different number gives different data",
}


class Command(BaseCommand):
    help = (
        "Fill the database with fictional businesses, employees and months of work cards. An interrupted run is "
        "completed; existing demo data are not changed. All demo users have the password in DEMO_PASSWORD."
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
            self.stdout.write(f"The demo data already exist ({were_there} businesses).")
            return
        self.stdout.write(f"Businesses filled: {made}.\n\n{table(sign_ins())}")


def demo_password() -> str:
    """Return DEMO_PASSWORD, or the public default password while DEBUG is on."""
    password: str = settings.DEMO_PASSWORD
    if settings.DEBUG:
        return password or DEFAULT_PASSWORD
    if not password or password == DEFAULT_PASSWORD:
        raise CommandError(
            "Set DEMO_PASSWORD, the password of all demo users. The default is not allowed while DEBUG is off."
        )
    try:
        validate_password(password)
    except ValidationError as error:
        raise CommandError(f"DEMO_PASSWORD: {' '.join(error.messages)}") from error
    return password
