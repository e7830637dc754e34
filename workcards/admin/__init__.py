"""Work cards and the ledger in the admin.

| module | holds |
|---|---|
| `cards` | WorkCardAdmin: the list, a card's page with its picture and days, its verbs, the upload |
| `days` | the lines of a card as a form, a row for each day of its month |
| `verbs` | what can be done with a card |
| `ledger` | ApprovedDayAdmin, to read |
"""

from .cards import WorkCardAdmin
from .ledger import ApprovedDayAdmin

__all__ = ["ApprovedDayAdmin", "WorkCardAdmin"]
