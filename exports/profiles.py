"""The immutable copy of a profile, which a run stores and a writer formats figures with."""

from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Self

from workcards.transitions import DayStatus

from .models import ExportProfile

HOURS = "hours"
# Components of pay: hours, and each kind of absence, counted in days.
COMPONENTS = (HOURS, *DayStatus.values)
CODE_LIMIT = 20
# The fields that the audit trail and a run store.
PROFILE_FIELDS = (
    "name",
    "identifier",
    "organization_number",
    "components",
    "hours_format",
    "totals",
    "decimal_separator",
    "delimiter",
    "encoding",
)


@dataclass(frozen=True)
class Profile:
    """A copy of a profile at the time of the request. Later changes of the row change no file."""

    id: str
    name: str
    identifier: str
    organization_number: str
    components: dict[str, str | None]
    hours_format: str
    decimal_separator: str
    delimiter: str
    encoding: str
    # The value of runs from before this field existed.
    totals: str = ExportProfile.Totals.ROUNDED_DAYS

    @classmethod
    def of(cls, row: ExportProfile) -> Self:
        values = {field: getattr(row, field) for field in PROFILE_FIELDS}
        return cls(id=str(row.pk), **values)

    def as_json(self) -> dict[str, object]:
        return asdict(self)

    def paid_hours(self, hours: Decimal, minutes: int) -> Decimal:
        """Return the hours to pay, unrounded: `minutes` as hours, or `hours`, the sum of rounded days."""
        if self.totals == ExportProfile.Totals.MINUTES:
            return Decimal(minutes) / 60
        return hours

    def hours(self, value: Decimal) -> str:
        """Return hours in the payroll program's format, rounded half up: `8.50`, `8,50` or `08:30`."""
        if self.hours_format == ExportProfile.HoursFormat.HOURS_AND_MINUTES:
            minutes = int((value * 60).quantize(Decimal(1), ROUND_HALF_UP))
            return f"{minutes // 60:02d}:{minutes % 60:02d}"
        rounded = value.quantize(Decimal("0.01"), ROUND_HALF_UP)
        return f"{rounded:f}".replace(".", self.decimal_separator)

    def is_encodable(self, text: str) -> bool:
        """Return True if the file's encoding has every character of `text`."""
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            return False
        return True
