"""The states of a work card, where it came from, and what a day can be instead of worked."""

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


class Source(models.TextChoices):
    UPLOAD_SINGLE = "UPLOAD_SINGLE", _("Upload")
    UPLOAD_BATCH = "UPLOAD_BATCH", _("Upload of several")
    MANUAL = "MANUAL", _("By hand")


class DayStatus(models.TextChoices):
    VACATION = "VACATION", _("Vacation")
    SICK = "SICK", _("Sick")
    INTERNATIONAL_VISA = "INTERNATIONAL_VISA", _("International visa")
    HOLIDAY = "HOLIDAY", _("Holiday")
