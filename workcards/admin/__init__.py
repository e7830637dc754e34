"""Admin pages of work cards, the ledger and closed months.

| module | holds |
|---|---|
| `card_admin` | WorkCardAdmin: the list of cards, and the URLs of a card's pages |
| `review_page` | the page of a card: its scan, its days and its actions |
| `day_forms` | the forms of a card's days, one for each day of its month |
| `review_context` | other figures of the employee's month, and the queue of cards to review |
| `review_queue` | the previous and the next card |
| `edit_conflicts` | the comparison of unsaved days with days saved in the meantime |
| `unsaved_input` | the content of a posted form that could not be saved |
| `actions` | the actions of a card: assign, approve, reject, reopen |
| `bulk_approve_page` | the list action that approves the selected cards |
| `upload_page` | the upload page |
| `filters` | list filters by month |
| `ledger_admin` | ApprovedDayAdmin: the ledger, read only |
| `closed_month_admin` | ClosedMonthAdmin: the list of closed months, closing and reopening |
"""

from django.contrib import admin

from .card_admin import WorkCardAdmin
from .closed_month_admin import ClosedMonthAdmin
from .ledger_admin import ApprovedDayAdmin
from .unsaved_input import describe_posted_form

admin.site.describe_posted_form = describe_posted_form  # type: ignore[attr-defined]

__all__ = ["ApprovedDayAdmin", "ClosedMonthAdmin", "WorkCardAdmin"]
