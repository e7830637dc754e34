"""Work cards and the ledger in the admin.

| module | holds |
|---|---|
| `cards` | WorkCardAdmin: the list, a card's page with its picture and days, its verbs, the upload |
| `days` | the lines of a card as a form, a row for each day of its month |
| `verbs` | what can be done with a card |
| `approval` | approving what is chosen in the list |
| `ledger` | ApprovedDayAdmin, to read |
| `reports` | what pages that tell of a month have in common |
| `missing` | the page of missing cards |
| `months` | ClosedMonthAdmin: which months are closed, closing and reopening |
"""

from django.contrib import admin

from .card_admin import WorkCardAdmin
from .closed_month_admin import ClosedMonthAdmin
from .ledger_admin import ApprovedDayAdmin
from .unsaved_input import describe_posted_form

admin.site.describe_posted_form = describe_posted_form  # type: ignore[attr-defined]

__all__ = ["ApprovedDayAdmin", "ClosedMonthAdmin", "WorkCardAdmin"]
