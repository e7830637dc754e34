"""Hebrew formats of numbers: Django has the comma, but not its position before every third digit."""

NUMBER_GROUPING = 3
