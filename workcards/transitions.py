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


class Transition(StrEnum):
    """An action on a card that may change its status."""

    ASSIGN = "assign"
    UNASSIGN = "unassign"
    APPROVE = "approve"
    REJECT = "reject"
    REOPEN = "reopen"


_UNASSIGNED, _REVIEW = ReviewStatus.NEEDS_ASSIGNMENT, ReviewStatus.NEEDS_REVIEW
_APPROVED, _REJECTED = ReviewStatus.APPROVED, ReviewStatus.REJECTED

# (status, action) → new status. A pair that is not listed is rejected, in the API and in the admin.
TRANSITIONS: Mapping[tuple[ReviewStatus, Transition], ReviewStatus] = MappingProxyType(
    {
        (_UNASSIGNED, Transition.ASSIGN): _REVIEW,
        (_REVIEW, Transition.ASSIGN): _REVIEW,
        (_REVIEW, Transition.UNASSIGN): _UNASSIGNED,
        (_REVIEW, Transition.APPROVE): _APPROVED,
        (_UNASSIGNED, Transition.REJECT): _REJECTED,
        (_REVIEW, Transition.REJECT): _REJECTED,
        (_APPROVED, Transition.REOPEN): _REVIEW,
        # A card that was rejected before an employee was assigned goes back to NEEDS_ASSIGNMENT.
        (_REJECTED, Transition.REOPEN): _REVIEW,
    }
)

# The permission in accounts/roles.py that each action requires.
TRANSITION_RIGHTS: Mapping[Transition, str] = MappingProxyType(
    {
        Transition.ASSIGN: "cards.upload",
        Transition.UNASSIGN: "cards.upload",
        Transition.APPROVE: "cards.review",
        Transition.REJECT: "cards.review",
        Transition.REOPEN: "cards.review",
    }
)


def status_after(
    status: ReviewStatus, transition: Transition, *, has_employee: bool
) -> ReviewStatus | None:
    """Return the status that `transition` leads to from `status`, or None."""
    target = TRANSITIONS.get((status, transition))
    if transition is Transition.REOPEN and target and not has_employee:
        return ReviewStatus.NEEDS_ASSIGNMENT
    return target


def transition_to(
    target: ReviewStatus, *, status: ReviewStatus, has_employee: bool
) -> Transition | None:
    """Return the transition that leads from `status` to `target`, or None.

    ASSIGN is left out, because it needs an employee.
    """
    for transition in Transition:
        reached = status_after(status, transition, has_employee=has_employee)
        if transition is not Transition.ASSIGN and reached == target:
            return transition
    return None


class CardSource(models.TextChoices):
    UPLOAD_SINGLE = "UPLOAD_SINGLE", _("Upload")
    UPLOAD_BATCH = "UPLOAD_BATCH", _("Batch upload")
    MANUAL = "MANUAL", _("Manual")


class DayStatus(models.TextChoices):
    VACATION = "VACATION", _("Vacation")
    SICK = "SICK", _("Sick")
    INTERNATIONAL_VISA = "INTERNATIONAL_VISA", _("International visa")
    HOLIDAY = "HOLIDAY", _("Holiday")
