"""Export runs: one making of a payroll file."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from businesses.tenancy.managers import TenantManager
from businesses.tenancy.models import TenantModel

from .querysets import ExportRunQuerySet


class ExportRun(TenantModel):
    """One making of a file from the ledger of a month. The file is kept, with what it was made from beside it."""

    class Kind(models.TextChoices):
        DAYS_CSV = "days_csv", _("Days (CSV)")

    class Status(models.TextChoices):
        QUEUED = "QUEUED", _("Queued")
        RUNNING = "RUNNING", _("Running")
        DONE = "DONE", _("Done")
        FAILED = "FAILED", _("Failed")

    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    processing_month = models.DateField(_("month"))
    site = models.ForeignKey(
        "workforce.Site",
        verbose_name=_("site"),
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
    )
    filters: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.QUEUED
    )
    progress = models.PositiveSmallIntegerField(_("progress, %"), default=0)
    row_count = models.PositiveIntegerField(_("rows"), null=True, blank=True)
    generated_file_name = models.CharField(_("file name"), max_length=255, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    # Paths in storage, under businesses/<business id>/exports/.
    file = models.CharField(max_length=300, blank=True)
    snapshot = models.CharField(max_length=300, blank=True)
    error = models.TextField(_("error"), blank=True)
    exported_by = models.ForeignKey(
        "accounts.User",
        verbose_name=_("exported by"),
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
    )
    exported_by_name = models.CharField(max_length=320, blank=True, editable=False)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    objects: ClassVar[Any] = TenantManager.of(ExportRunQuerySet)

    class Meta:
        db_table = "export_runs"
        ordering = ["-created_at", "-id"]
        verbose_name = _("export run")
        verbose_name_plural = _("export runs")
        constraints = [
            models.CheckConstraint(
                condition=Q(processing_month__day=1), name="export_runs_month_is_first"
            ),
            models.CheckConstraint(
                condition=Q(progress__range=(0, 100)), name="export_runs_progress_range"
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=["QUEUED", "RUNNING", "DONE", "FAILED"],
                ),
                name="export_runs_status_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["business", "processing_month", "site"],
                name="export_runs_month_idx",
            ),
            models.Index(
                fields=["business", "-created_at", "-id"], name="export_runs_recent_idx"
            ),
            models.Index(
                fields=["lease_expires_at"],
                condition=Q(status__in=["QUEUED", "RUNNING"]),
                name="export_runs_lease_idx",
            ),
        ]

    def __str__(self) -> str:
        return self.generated_file_name or f"{self.kind} {self.processing_month:%Y-%m}"

    @property
    def is_draft(self) -> bool:
        """True if days that nobody has approved are in it."""
        return bool(self.filters.get("include_unapproved"))
