"""The options of an export that a writer needs besides the rows."""

from dataclasses import dataclass
from datetime import date

from .profiles import Profile


@dataclass(frozen=True)
class ExportOptions:
    month: date
    # The language of the business; sheets are laid out from right to left in Hebrew.
    language: str
    is_draft: bool = False
    # Set for a payroll program's file only.
    profile: Profile | None = None
