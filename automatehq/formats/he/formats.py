"""How numbers are written in Hebrew: Django knows the comma, but not that it stands before every third digit."""

NUMBER_GROUPING = 3
