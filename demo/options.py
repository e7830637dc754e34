"""Options for the amount of demo data."""

from dataclasses import dataclass

# Ids of employees are numbered by business and employee.
LIMITS = {
    "businesses": (1, 5_000),
    "sites": (1, 2_000),
    "employees": (1, 9_000),
    "months": (1, 120),
    "pictures": (0, 1_000_000),
}


@dataclass(frozen=True)
class Size:
    """The amount of demo data: `employees` per business, `pictures` in total."""

    businesses: int = 3
    sites: int = 8
    employees: int = 40
    months: int = 3
    pictures: int = 1_000
    seed: int = 1

    def __post_init__(self) -> None:
        for name, (least, most) in LIMITS.items():
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name} must be from {least:,} to {most:,}.")
