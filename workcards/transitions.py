"""Statuses of a work card and their transitions, card sources, and absences."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from django.db import models
from django.utils.translation import gettext_lazy as _


class ReviewStatus(models.TextChoices):
    NEEDS_ASSIGNMENT = "NEEDS_ASSIGNMENT", _("Needs assignment")
    NEEDS_REVIEW = "NEEDS_REVIEW", _("Needs review")
    APPROVED = "APPROVED", _("Approved")
    REJECTED = "REJECTED", _("Rejected")

    @classmethod
    def pending(cls) -> tuple["ReviewStatus", ...]:
        """Return the statuses in which days may be edited."""
        return (cls.NEEDS_ASSIGNMENT, cls.NEEDS_REVIEW)


class Verb(StrEnum):
    """An action on a card that may change its status."""

    ASSIGN = "assign"
    UNASSIGN = "unassign"
    APPROVE = "approve"
    REJECT = "reject"
    REOPEN = "reopen"


_UNASSIGNED, _REVIEW = ReviewStatus.NEEDS_ASSIGNMENT, ReviewStatus.NEEDS_REVIEW
_APPROVED, _REJECTED = ReviewStatus.APPROVED, ReviewStatus.REJECTED

# (status, action) → new status. A pair that is not listed is rejected, in the API and in the admin.
TRANSITIONS: Mapping[tuple[ReviewStatus, Verb], ReviewStatus] = MappingProxyType(
    {
        (_UNASSIGNED, Verb.ASSIGN): _REVIEW,
        (_REVIEW, Verb.ASSIGN): _REVIEW,
        (_REVIEW, Verb.UNASSIGN): _UNASSIGNED,
        (_REVIEW, Verb.APPROVE): _APPROVED,
        (_UNASSIGNED, Verb.REJECT): _REJECTED,
        (_REVIEW, Verb.REJECT): _REJECTED,
        (_APPROVED, Verb.REOPEN): _REVIEW,
        # A card that was rejected before an employee was assigned goes back to NEEDS_ASSIGNMENT.
        (_REJECTED, Verb.REOPEN): _REVIEW,
    }
)

# The permission in accounts/roles.py that each action requires.
RIGHTS: Mapping[Verb, str] = MappingProxyType(
    {
        Verb.ASSIGN: "cards.upload",
        Verb.UNASSIGN: "cards.upload",
        Verb.APPROVE: "cards.review",
        Verb.REJECT: "cards.review",
        Verb.REOPEN: "cards.review",
    }
)


def status_after(
    status: ReviewStatus, verb: Verb, *, has_employee: bool
) -> ReviewStatus | None:
    """Return the status that `verb` leads to from `status`, or None."""
    target = TRANSITIONS.get((status, verb))
    if verb is Verb.REOPEN and target and not has_employee:
        return ReviewStatus.NEEDS_ASSIGNMENT
    return target


def verb_towards(
    status: ReviewStatus, wanted: ReviewStatus, *, has_employee: bool
) -> Verb | None:
    """Return the action that leads from `status` to `wanted`, or None.

    ASSIGN is left out, because it needs an employee.
    """
    for verb in Verb:
        reached = status_after(status, verb, has_employee=has_employee)
        if verb is not Verb.ASSIGN and reached == wanted:
            return verb
    return None


class Source(models.TextChoices):
    UPLOAD_SINGLE = "UPLOAD_SINGLE", _("Upload")
    UPLOAD_BATCH = "UPLOAD_BATCH", _("Upload of several")
    MANUAL = "MANUAL", _("By hand")


class DayStatus(models.TextChoices):
    VACATION = "VACATION", _("Vacation")
    SICK = "SICK", _("Sick")
    INTERNATIONAL_VISA = "INTERNATIONAL_VISA", _("International visa")
    HOLIDAY = "HOLIDAY", _("Holiday")
