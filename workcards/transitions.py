"""The states of a work card and how it gets from one to another; where it came from; what a day can be instead of worked."""

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
        """Those in which days may be edited."""
        return (cls.NEEDS_ASSIGNMENT, cls.NEEDS_REVIEW)


class Verb(StrEnum):
    """What can be done with a card that may change its status."""

    ASSIGN = "assign"
    UNASSIGN = "unassign"
    APPROVE = "approve"
    REJECT = "reject"
    REOPEN = "reopen"


_UNASSIGNED, _REVIEW = ReviewStatus.NEEDS_ASSIGNMENT, ReviewStatus.NEEDS_REVIEW
_APPROVED, _REJECTED = ReviewStatus.APPROVED, ReviewStatus.REJECTED

# From which status which verb leads where. What is not here is refused, whichever the door.
TRANSITIONS: Mapping[tuple[ReviewStatus, Verb], ReviewStatus] = MappingProxyType(
    {
        (_UNASSIGNED, Verb.ASSIGN): _REVIEW,
        (_REVIEW, Verb.ASSIGN): _REVIEW,
        (_REVIEW, Verb.UNASSIGN): _UNASSIGNED,
        (_REVIEW, Verb.APPROVE): _APPROVED,
        (_UNASSIGNED, Verb.REJECT): _REJECTED,
        (_REVIEW, Verb.REJECT): _REJECTED,
        (_APPROVED, Verb.REOPEN): _REVIEW,
        # A card that was rejected before anybody was assigned goes back to NEEDS_ASSIGNMENT.
        (_REJECTED, Verb.REOPEN): _REVIEW,
    }
)

# The key of accounts/roles.py that each verb takes.
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
    """Where `verb` leads from `status`, or None if it leads nowhere."""
    target = TRANSITIONS.get((status, verb))
    if verb is Verb.REOPEN and target and not has_employee:
        return ReviewStatus.NEEDS_ASSIGNMENT
    return target


def verb_towards(
    status: ReviewStatus, wanted: ReviewStatus, *, has_employee: bool
) -> Verb | None:
    """The verb that leads from `status` to `wanted`, or None. Not ASSIGN, which needs to be told whom."""
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
