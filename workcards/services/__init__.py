"""What can be done with work cards. The API, the admin and commands all come in by these verbs.

| module | verbs |
|---|---|
| `cards` | create_manual_card, edit_card, assign_card, delete_card |
| `uploads` | upload_cards |
| `days` | set_day_entries |
| `review` | approve_card, reject_card, reopen_card, change_status |
| `months` | close_month, reopen_month |
| `bulk` | approve_cards |
| `ledger_check` | find_faults, repair_month |

Each takes keyword arguments only and the person who acts, locks what it changes, checks rights, version and status, and
leaves one audit event for each card it changed. What is refused is a `DomainError` and has written nothing. Locks are
taken in one order: cards, then their month (shared; whoever closes has it alone), then the ledger of their employees,
then the bytes of files; several of one kind in the order of their ids. Every verb asks whether the month is open, and
triggers of the database ask again.
"""

from .bulk_approval import BulkApprovalResult, Seen, approve_cards
from .card_warnings import CardWarning
from .cards import assign_card, create_manual_card, delete_card, edit_card
from .days import set_day_entries
from .ledger_check import Finding, Repair, find_faults, open_months_of, repair_month
from .month_closing import close_month, reopen_month
from .posting import Choice, Resolution
from .results import ActionResult
from .review import approve_card, change_status, reject_card, reopen_card
from .uploads import Uploads, upload_cards

__all__ = [
    "ActionResult",
    "BulkApprovalResult",
    "CardWarning",
    "Choice",
    "Finding",
    "Repair",
    "Resolution",
    "Seen",
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
