"""`manage.py lockouts`: list and open the locks that follow too many failures."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.lockout_listing import Count, open_lock, parse_name, running_counts


class Command(BaseCommand):
    help = (
        "List addresses and e-mails that are locked after too many failed sign-ins, and users and businesses "
        "that are locked after entering too many values in use. Remove a lock with --open or --open-all."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        choice = parser.add_mutually_exclusive_group()
        choice.add_argument(
            "--all", action="store_true", help="also list counts below the limit"
        )
        choice.add_argument(
            "--open",
            action="append",
            metavar="NAME",
            help="reset all counts of this address, e-mail, user ID or business ID; repeatable",
        )
        choice.add_argument(
            "--open-all", action="store_true", help="reset all locked counts"
        )

    def handle(self, *args: object, **options: Any) -> None:
        counts = running_counts()
        if options["open"]:
            self._open(counts, options["open"])
            return
        locked = [count for count in counts if count.is_locked]
        if options["open_all"]:
            for count in locked:
                self._open_one(count)
            self.stdout.write(f"Locks removed: {len(locked)}.")
            return
        for count in counts if options["all"] else locked:
            self.stdout.write(_line(count))
        if not locked:
            self.stdout.write("Nothing is locked.")

    def _open(self, counts: list[Count], texts: list[str]) -> None:
        names = {text: parse_name(text) for text in texts}
        for text, name in names.items():
            if name is None:
                raise CommandError(
                    f"{text} is not an address, e-mail or ID. Run `manage.py lockouts --all` for a list."
                )
        for text, name in names.items():
            found = [count for count in counts if name and count.concerns(name)]
            for count in found:
                self._open_one(count)
            if not found:
                self.stdout.write(f"No count found for {text}.")

    def _open_one(self, count: Count) -> None:
        open_lock(count)
        self.stdout.write(f"Removed: {_line(count)}")


def _line(count: Count) -> str:
    name = f"{count.name} from {count.address}" if count.address else count.name
    what = "values in use" if count.kind in ("user", "business") else "failed sign-ins"
    state = "locked" if count.is_locked else "not locked"
    minutes = int(-(-count.seconds_left // 60))
    return f"{count.kind} {name}: {count.count} {what} of {count.limit}, {state}, ends in {minutes} min"
