"""Export runs, and the profiles of the payroll programs that the files are for."""

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from automatehq.api.errors import CONSTRAINT_ERRORS, UNIQUE_FIELDS, Rule
from automatehq.text_columns import LineField, LinesField
from businesses.tenancy.managers import TenantManager
from businesses.tenancy.models import TenantModel

from .querysets import ExportRunQuerySet


class ExportRun(TenantModel):
    """One export of a month's ledger. The file is stored together with the snapshot of the rows it was made from."""

    class Kind(models.TextChoices):
        DAYS_CSV = "days_csv", _("Days (CSV)")
        MATRIX_XLSX = "matrix_xlsx", _("Matrix (XLSX)")
        SUMMARY_XLSX = "summary_xlsx", _("Summary (XLSX)")
        PAYROLL_CSV = "payroll_csv", _("Payroll program (CSV)")

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
    generated_file_name = LineField(_("file name"), max_length=255, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    # Paths in storage, under businesses/<business id>/exports/.
    file = models.CharField(max_length=300, blank=True)
    snapshot = models.CharField(max_length=300, blank=True)
    error = LinesField(_("error"), blank=True)
    exported_by = models.ForeignKey(
        "accounts.User",
        verbose_name=_("exported by"),
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
    )
    exported_by_name = LineField(max_length=320, blank=True, editable=False)
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
                fields=["business", "status"],
                condition=Q(status__in=["QUEUED", "RUNNING"]),
                name="export_runs_under_way_idx",
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
        """Return True if the file contains unapproved days."""
        return bool(self.filters.get("include_unapproved"))

    @staticmethod
    def folder(business_id: uuid.UUID, run_id: uuid.UUID, attempt: int) -> str:
        """Return the folder in storage of an attempt."""
        return f"businesses/{business_id}/exports/{run_id}-{attempt}"

    def required_files(self) -> list[str]:
        """Return the paths of the file and the snapshot of a finished run."""
        if self.status != self.Status.DONE:
            return []
        return [path for path in (self.file, self.snapshot) if path]

    def optional_files(self) -> list[str]:
        """Return the paths of an unfinished run, and the folder that a worker writes to."""
        in_use = (
            [self.folder(self.business_id, self.pk, self.attempts)]
            if self.status == self.Status.RUNNING
            else []
        )
        return [self.file, self.snapshot, *in_use]


class ExportProfile(TenantModel):
    """The file format of a payroll program: identifier, component codes and number formats."""

    class Identifier(models.TextChoices):
        PASSPORT = "passport_id", _("Passport")
        EXTERNAL_ID = "external_employee_id", _("External ID")

    class HoursFormat(models.TextChoices):
        DECIMAL = "decimal", "8.50"
        HOURS_AND_MINUTES = "hh:mm", "08:30"

    class Totals(models.TextChoices):
        MINUTES = "sum_of_minutes", _("Sum of minutes")
        ROUNDED_DAYS = "sum_of_rounded_days", _("Sum of rounded days")

    class DecimalSeparator(models.TextChoices):
        POINT = ".", _("Point")
        COMMA = ",", _("Comma")

    class Delimiter(models.TextChoices):
        COMMA = ",", _("Comma")
        SEMICOLON = ";", _("Semicolon")
        TAB = "\t", _("Tab")
        BAR = "|", _("Vertical bar")

    class Encoding(models.TextChoices):
        UTF_8 = "utf-8-sig", "UTF-8"
        WINDOWS_1255 = "windows-1255", "Windows-1255"

    name = LineField(_("name"), max_length=100)
    identifier = models.CharField(
        _("identifier"),
        max_length=20,
        choices=Identifier.choices,
        default=Identifier.EXTERNAL_ID,
    )
    organization_number = LineField(_("organization number"), max_length=20, blank=True)
    # Component → the payroll program's code, or null: left out of the file. See `profiles.COMPONENTS`.
    components: models.JSONField[Any, Any] = models.JSONField(_("components"))
    hours_format = models.CharField(
        _("hours"),
        max_length=10,
        choices=HoursFormat.choices,
        default=HoursFormat.DECIMAL,
    )
    totals = models.CharField(
        _("paid hours"),
        max_length=20,
        choices=Totals.choices,
        default=Totals.MINUTES,
        help_text=_(
            "Sum of minutes: add the minutes of the month, then round the total once. "
            "Sum of rounded days: round each day to hundredths of an hour, then add them. "
            "22 days of 7:20 are 161:20 (161.33) by minutes and 161.26 by rounded days."
        ),
    )
    decimal_separator = models.CharField(
        _("decimal separator"),
        max_length=1,
        choices=DecimalSeparator.choices,
        default=DecimalSeparator.POINT,
    )
    delimiter = models.CharField(
        _("delimiter"),
        max_length=1,
        choices=Delimiter.choices,
        default=Delimiter.COMMA,
    )
    encoding = models.CharField(
        _("encoding"), max_length=12, choices=Encoding.choices, default=Encoding.UTF_8
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        db_table = "export_profiles"
        ordering = ["name", "id"]
        verbose_name = _("export profile")
        verbose_name_plural = _("export profiles")
        constraints = [
            models.UniqueConstraint(
                fields=["business", "name"], name="export_profiles_name_unique"
            ),
            models.CheckConstraint(
                condition=Q(identifier__in=["passport_id", "external_employee_id"]),
                name="export_profiles_identifier_known",
            ),
            models.CheckConstraint(
                condition=Q(hours_format__in=["decimal", "hh:mm"]),
                name="export_profiles_hours_format_known",
            ),
            models.CheckConstraint(
                condition=Q(totals__in=["sum_of_minutes", "sum_of_rounded_days"]),
                name="export_profiles_totals_known",
            ),
            models.CheckConstraint(
                condition=Q(decimal_separator__in=[".", ","]),
                name="export_profiles_decimal_separator_known",
            ),
            models.CheckConstraint(
                condition=Q(delimiter__in=[",", ";", "\t", "|"]),
                name="export_profiles_delimiter_known",
            ),
            models.CheckConstraint(
                condition=Q(encoding__in=["utf-8-sig", "windows-1255"]),
                name="export_profiles_encoding_known",
            ),
            models.CheckConstraint(
                condition=~Q(decimal_separator=",", delimiter=","),
                name="export_profiles_separators_differ",
            ),
        ]

    def __str__(self) -> str:
        return self.name


UNIQUE_FIELDS["export_profiles_name_unique"] = "name"
CONSTRAINT_ERRORS["export_profiles_separators_differ"] = Rule(
    "decimal_separator",
    "separators_collide",
    _("The decimal separator can't be the delimiter too."),
)
