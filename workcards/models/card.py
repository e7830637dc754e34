"""Models of work cards, their scans and their days."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from automatehq.text_columns import LineField, LinesField
from businesses.tenancy.constraints import TenantForeignKeyConstraint
from businesses.tenancy.managers import TenantManager
from businesses.tenancy.models import TenantModel
from workcards.querysets import DayEntryQuerySet, WorkCardQuerySet
from workcards.transitions import CardSource, ReviewStatus

from .day_figures import DayFiguresModel, figure_constraints, minutes_field

USER = "accounts.User"


class FirstOfMonth(models.Func):
    """The first day of a date's month.

    It is immutable, unlike date_trunc, so that a generated column can use it.
    """

    template = "(%(expressions)s - (EXTRACT(DAY FROM %(expressions)s)::int - 1))"
    output_field = models.DateField()


def is_first_of_month(field: str) -> Q:
    """Return the condition that a date column contains only the first days of months."""
    return Q(**{f"{field}__day": 1})


def _original_path(file: "WorkCardFile", filename: str) -> str:
    # Opaque: the path contains neither the original file name nor data of the card.
    return f"businesses/{file.business_id}/cards/{file.pk}/original"


class WorkCardFile(TenantModel):
    """The original bytes of a scan. The cards of one PDF share one file."""

    original = models.FileField(upload_to=_original_path, max_length=300)
    mime_type = models.CharField(max_length=100)
    file_size_bytes = models.PositiveBigIntegerField()
    sha256_hash = models.CharField(max_length=64)
    page_count = models.PositiveSmallIntegerField(default=1)
    # A {"width": px, "height": px, "is_made": bool} for each page's display rendition; [] before the pages were read.
    renditions: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "work_card_files"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["business", "id"], name="work_card_files_business_id_unique"
            )
        ]
        indexes = [
            models.Index(
                fields=["business", "sha256_hash"], name="work_card_files_hash_idx"
            )
        ]

    def __str__(self) -> str:
        return f"{self.mime_type} {self.sha256_hash[:12]}"

    def original_path(self) -> str:
        """Return the storage path of the original bytes, which may not be stored yet."""
        return _original_path(self, "")

    def rendition_path(self, page: int) -> str:
        """Return the storage path of a page's display rendition; pages count from 1."""
        return f"businesses/{self.business_id}/cards/{self.pk}/display-{page}.jpg"

    def required_files(self) -> list[str]:
        """Return the path of the original. Files from before businesses existed have other paths."""
        return [str(self.original.name)]

    def optional_files(self) -> list[str]:
        """Return the paths of the renditions."""
        return [self.rendition_path(page + 1) for page in range(self.page_count)]


class WorkCard(TenantModel):
    """A paper card: a month of an employee at a site."""

    site = models.ForeignKey(
        "workforce.Site",
        verbose_name=_("site"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    employee = models.ForeignKey(
        "workforce.Employee",
        verbose_name=_("employee"),
        on_delete=models.PROTECT,
        related_name="work_cards",
        null=True,
        blank=True,
        db_constraint=False,
    )
    processing_month = models.DateField(_("month"))
    source = models.CharField(_("source"), max_length=16, choices=CardSource.choices)
    review_status = models.CharField(
        _("status"),
        max_length=20,
        choices=ReviewStatus.choices,
        default=ReviewStatus.NEEDS_ASSIGNMENT,
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    uploaded_by = models.ForeignKey(
        USER,
        verbose_name=_("uploaded by"),
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
    )
    uploaded_by_name = LineField(max_length=320, blank=True, editable=False)
    approved_by = models.ForeignKey(
        USER,
        verbose_name=_("approved by"),
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
    )
    approved_by_name = LineField(max_length=320, blank=True, editable=False)
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)
    rejected_reason = LineField(_("rejection reason"), max_length=500, blank=True)
    notes = LinesField(_("notes"), max_length=2000, blank=True)
    file = models.ForeignKey(
        WorkCardFile,
        on_delete=models.PROTECT,
        related_name="work_cards",
        null=True,
        blank=True,
        db_constraint=False,
        editable=False,
    )
    original_filename = models.CharField(max_length=255, blank=True, editable=False)
    mime_type = models.CharField(max_length=100, blank=True, editable=False)
    file_size_bytes = models.PositiveBigIntegerField(
        null=True, blank=True, editable=False
    )
    sha256_hash = models.CharField(max_length=64, blank=True, editable=False)
    source_page_number = models.PositiveSmallIntegerField(
        null=True, blank=True, editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[Any] = TenantManager.of(WorkCardQuerySet)

    class Meta:
        db_table = "work_cards"
        ordering = ["-created_at", "-id"]
        verbose_name = _("work card")
        verbose_name_plural = _("work cards")
        constraints = [
            models.UniqueConstraint(
                fields=["business", "id"], name="work_cards_business_id_unique"
            ),
            models.UniqueConstraint(
                fields=["business", "id", "processing_month"],
                name="work_cards_business_id_month_unique",
            ),
            TenantForeignKeyConstraint(
                field="employee",
                to="workforce.Employee",
                name="work_cards_employee_fk",
            ),
            TenantForeignKeyConstraint(
                field="file", to="workcards.WorkCardFile", name="work_cards_file_fk"
            ),
            models.CheckConstraint(
                condition=is_first_of_month("processing_month"),
                name="work_cards_month_is_first",
            ),
            models.CheckConstraint(
                condition=Q(source__in=CardSource.values),
                name="work_cards_source_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    review_status=ReviewStatus.NEEDS_ASSIGNMENT, employee__isnull=True
                )
                | Q(
                    review_status__in=[
                        ReviewStatus.NEEDS_REVIEW,
                        ReviewStatus.APPROVED,
                    ],
                    employee__isnull=False,
                )
                | Q(review_status=ReviewStatus.REJECTED),
                name="work_cards_status_fits_employee",
            ),
            models.CheckConstraint(
                condition=Q(
                    review_status=ReviewStatus.APPROVED, approved_at__isnull=False
                )
                | (
                    ~Q(review_status=ReviewStatus.APPROVED)
                    & Q(approved_at__isnull=True)
                ),
                name="work_cards_approved_have_a_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["business", "-created_at", "-id"], name="work_cards_recent_idx"
            ),
            # For super-admins, whose list has the cards of all businesses.
            models.Index(fields=["-created_at", "-id"], name="work_cards_newest_idx"),
            models.Index(
                fields=["business", "site", "processing_month"],
                name="work_cards_site_month_idx",
            ),
            models.Index(
                fields=["business", "employee", "processing_month"],
                name="work_cards_employee_month_idx",
            ),
            models.Index(
                fields=["business", "processing_month", "review_status"],
                name="work_cards_month_status_idx",
            ),
            models.Index(fields=["business", "file"], name="work_cards_file_idx"),
            models.Index(
                fields=["business", "sha256_hash"], name="work_cards_hash_idx"
            ),
        ]

    def __str__(self) -> str:
        # A card created manually has no file name. The end of its id distinguishes it from similar cards.
        name = self.original_filename or f"#{str(self.pk)[-6:]}"
        return f"{self.processing_month:%Y-%m} {name}"

    @property
    def has_file(self) -> bool:
        return self.file_id is not None

    @property
    def page(self) -> int:
        """Return the page of the card in its file, from 1."""
        return self.source_page_number or 1


class DayEntry(DayFiguresModel, TenantModel):
    """A line of a card: the figures of one day on paper."""

    hours_column = "total_hours"

    work_card = models.ForeignKey(
        WorkCard,
        on_delete=models.CASCADE,
        related_name="day_entries",
        db_constraint=False,
    )
    total_hours = models.DecimalField(
        _("hours"), max_digits=5, decimal_places=2, null=True, blank=True
    )
    minutes = minutes_field("total_hours")
    comment = LineField(_("comment"), max_length=500, blank=True)
    # Generated, and part of the foreign key to the card: a day can't be outside its card's month.
    processing_month = models.GeneratedField(
        expression=FirstOfMonth("work_date"),
        output_field=models.DateField(),
        db_persist=True,
    )
    # For a day of an approved card without a ledger row: the employee's approved card that is paid instead.
    set_aside_by = models.ForeignKey(
        WorkCard,
        verbose_name=_("set aside by"),
        on_delete=models.PROTECT,
        related_name="days_set_aside",
        null=True,
        blank=True,
        editable=False,
        db_constraint=False,
        db_index=False,  # queried within a business only: day_entries_set_aside_by_idx
    )

    objects: ClassVar[Any] = TenantManager.of(DayEntryQuerySet)

    class Meta:
        db_table = "work_card_day_entries"
        ordering = ["work_date", "id"]
        verbose_name = _("day entry")
        verbose_name_plural = _("day entries")
        constraints = [
            models.UniqueConstraint(
                fields=["business", "work_card", "work_date"],
                name="work_card_day_entries_date_unique",
            ),
            TenantForeignKeyConstraint(
                field="work_card",
                also=("processing_month",),
                to="workcards.WorkCard",
                name="work_card_day_entries_card_fk",
            ),
            TenantForeignKeyConstraint(
                field="set_aside_by",
                to="workcards.WorkCard",
                name="work_card_day_entries_set_aside_by_fk",
            ),
            models.CheckConstraint(
                condition=Q(set_aside_by__isnull=True)
                | ~Q(set_aside_by=F("work_card")),
                name="work_card_day_entries_not_by_itself",
            ),
            *figure_constraints("work_card_day_entries", "total_hours"),
        ]
        indexes = [
            models.Index(
                fields=["business", "set_aside_by"],
                name="day_entries_set_aside_by_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.work_date}"
