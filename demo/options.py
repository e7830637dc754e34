"""Options for the amount of demo data."""

from dataclasses import dataclass

LIMITS = {
    "businesses": (1, 5_000),
    "sites": (1, 2_000),
    # Passports are numbered by business and employee, with four digits for the employee.
    "employees": (1, 9_000),
    "months": (1, 120),
    "pictures": (0, 1_000_000),
}
# The services create the first businesses, and in each of them employees for at most so many months of cards. SQL
# multiplies these employees for all further ones, which is faster. A business is created in one transaction, and each
# month of an employee takes one of its locks.
MADE_BUSINESSES = 3
MADE_EMPLOYEE_MONTHS = 480


@dataclass(frozen=True)
class DemoOptions:
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

    @property
    def made_businesses(self) -> int:
        """Return the number of businesses whose cards the services create."""
        return min(self.businesses, MADE_BUSINESSES)

    @property
    def made_employees(self) -> int:
        """Return the number of employees of such a business whose cards the services create."""
        return min(self.employees, max(MADE_EMPLOYEE_MONTHS // self.months, 4))

    @property
    def is_multiplied(self) -> bool:
        """Return True if some cards are copies."""
        return (self.businesses, self.employees) != (
            self.made_businesses,
            self.made_employees,
        )
