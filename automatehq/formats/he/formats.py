"""Hebrew formats of numbers: a comma before every third digit.

Django has the comma, but not its position.
"""

NUMBER_GROUPING = 3
