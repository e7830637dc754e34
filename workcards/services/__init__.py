"""Services of work cards, called by the API, the admin and management commands.

| module | functions |
|---|---|
| `cards` | create_manual_card, edit_card, assign_card, delete_card |
| `uploads` | upload_cards |
| `days` | set_day_entries |
| `review` | approve_card, reject_card, reopen_card, change_status |
| `month_closing` | close_month, reopen_month |
| `bulk_approval` | approve_cards |
| `ledger_check` | find_faults, repair_month |
| `posting`, `reposting` | ledger rows: posting an approved card, and posting again after a card is reopened |
| `card_warnings` | warnings before approval |
| `locking` | locks, and checks of permission, version, status and month |
| `audit_events`, `results` | audit events of cards; the result of a service |

A service takes keyword arguments only, one of which is the acting user. It locks the rows that it changes. It checks
permission, version and status. It records one audit event for each changed card. An error is a `DomainError`, and
nothing has been written.

Locks are taken in one order: cards, their month, the ledger of their employees, the bytes of files. The lock on a
month is shared; closing and reopening take it exclusively. Several locks of one kind are taken in the order of their
ids. Each service checks that the month is open, and database triggers check it again.
"""

from .bulk_approval import BulkApprovalResult, CardVersion, approve_cards
from .card_warnings import CardWarning
from .cards import assign_card, create_manual_card, delete_card, edit_card
from .days import set_day_entries
from .ledger_check import (
    LedgerFinding,
    Repair,
    find_faults,
    open_months_of,
    repair_month,
)
from .locking import CardConflict
from .month_closing import close_month, reopen_month
from .posting import Choice, Resolution
from .results import ActionResult
from .review import approve_card, change_status, reject_card, reopen_card
from .uploads import Uploads, upload_cards

__all__ = [
    "ActionResult",
    "BulkApprovalResult",
    "CardConflict",
    "CardVersion",
    "CardWarning",
    "Choice",
    "LedgerFinding",
    "Repair",
    "Resolution",
    "Uploads",
    "approve_card",
    "approve_cards",
    "assign_card",
    "change_status",
    "close_month",
    "create_manual_card",
    "delete_card",
    "edit_card",
    "find_faults",
    "open_months_of",
    "reject_card",
    "reopen_card",
    "reopen_month",
    "repair_month",
    "set_day_entries",
    "upload_cards",
]
