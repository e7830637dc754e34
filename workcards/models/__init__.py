"""Models of work cards: cards with their scans and days, the ledger, closed months."""

from .card import (
    DayEntry,
    FirstOfMonth,
    WorkCard,
    WorkCardFile,
    _original_path,
    is_first_of_month,
)
from .closed_month import ClosedMonth, ClosedMonthQuerySet, month_lock
from .ledger import ApprovedDay

__all__ = [
    "ApprovedDay",
    "ClosedMonth",
    "ClosedMonthQuerySet",
    "DayEntry",
    "FirstOfMonth",
    "WorkCard",
    "WorkCardFile",
    "_original_path",
    "is_first_of_month",
    "month_lock",
]
