"""What was asked for, as far as a file shows it besides its rows."""

from dataclasses import dataclass
from datetime import date

from .profiles import Profile


@dataclass(frozen=True)
class Wanted:
    month: date
    # Of the business: a sheet is read from the right in Hebrew.
    language: str
    is_draft: bool = False
    # Of a payroll program's file.
    profile: Profile | None = None
