"""What a profile says: as a run keeps it, and as figures are written by it."""

from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Self

from workcards.states import DayStatus

from .models import ExportProfile

HOURS = "hours"
# What can be paid: hours, counted in hours, and each kind of absence, counted in days.
COMPONENTS = (HOURS, *DayStatus.values)
CODE_LIMIT = 20
# What the trail tells of a profile, and a run keeps of it.
PROFILE_FIELDS = (
    "name",
    "identifier",
    "organization_number",
    "components",
    "hours_format",
    "decimal_separator",
    "delimiter",
    "encoding",
)


@dataclass(frozen=True)
class Profile:
    """A profile as it was when a run was asked for: what is done with the row later changes no file."""

    id: str
    name: str
    identifier: str
    organization_number: str
    components: dict[str, str | None]
    hours_format: str
    decimal_separator: str
    delimiter: str
    encoding: str

    @classmethod
    def of(cls, row: ExportProfile) -> Self:
        values = {field: getattr(row, field) for field in PROFILE_FIELDS}
        return cls(id=str(row.pk), **values)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def hours(self, value: Decimal) -> str:
        """Hours as the payroll program reads them: `8.50`, `8,50` or `08:30`, to the nearest minute."""
        if self.hours_format == ExportProfile.HoursFormat.HOURS_AND_MINUTES:
            minutes = int((value * 60).quantize(Decimal(1), ROUND_HALF_UP))
            return f"{minutes // 60:02d}:{minutes % 60:02d}"
        return f"{value:.2f}".replace(".", self.decimal_separator)

    def can_write(self, text: str) -> bool:
        """True if the file's encoding has every character of `text`."""
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            return False
        return True
