"""Models of the businesses that share the database, and of their settings."""

import uuid
import zoneinfo
from decimal import Decimal
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from automatehq.api.errors import CONSTRAINT_ERRORS, UNIQUE_FIELDS, Rule
from automatehq.text_columns import LineField
from businesses.tenancy.models import IdentifiedModel, TenantModel

from .querysets import BusinessManager
from .unique_names import NamedModel, NameKeyField

# The reserved business of the super-admins. Its id is fixed, so that constraints can
# use it.
PLATFORM_ID = uuid.UUID("00000000-0000-7000-8000-000000000001")
# The business that a single-company database becomes.
DEFAULT_BUSINESS_ID = uuid.UUID("00000000-0000-7000-8000-000000000002")
CODE_PATTERN = r"^[a-z0-9-]{2,40}$"

UNIQUE_FIELDS.update(
    {
        "businesses_name_unique": "business_name",
        "businesses_name_key_unique": "business_name",
        "businesses_code_unique": "business_code",
    }
)
CONSTRAINT_ERRORS.update(
    {
        "businesses_code_format": Rule(
            "business_code", "invalid", _("Use 2 to 40 characters: a-z, 0-9 and -.")
        ),
        "businesses_cutoff_day_range": Rule(
            "month_cutoff_day", "invalid", _("Enter a day from 1 to 28.")
        ),
        "businesses_expected_cards_range": Rule(
            "expected_cards_per_month", "invalid", _("Enter a number from 1 to 31.")
        ),
        "business_settings_longest_day_range": Rule(
            "longest_day_hours", "invalid", _("Enter from 1 to 24 hours.")
        ),
    }
)


# Names in the time zone database that are not places: the machine's setting, "not set",
# and copies of the database.
NO_PLACES = frozenset({"localtime", "Factory", "posixrules"})
COPIES = ("posix/", "right/")


def validate_time_zone(name: str) -> None:
    """Raise `ValidationError` unless `name` is a time zone of the IANA database."""
    is_place = name not in NO_PLACES and not name.startswith(COPIES)
    if not is_place or name not in zoneinfo.available_timezones():
        raise ValidationError(_("Unknown time zone."), code="invalid")


class Business(NamedModel, IdentifiedModel):
    """A company that pays employees with AutomateHQ. It is deactivated, never deleted."""

    class Language(models.TextChoices):
        HEBREW = "he", _("Hebrew")
        ENGLISH = "en", _("English")

    NAME = "business_name"

    business_name = LineField(_("name"), max_length=200)
    name_key = NameKeyField("business_name")
    business_code = LineField(
        _("code"),
        max_length=40,
        null=True,
        blank=True,
        validators=[
            RegexValidator(CODE_PATTERN, _("Use 2 to 40 characters: a-z, 0-9 and -."))
        ],
    )
    is_active = models.BooleanField(_("active"), default=True)
    month_cutoff_day = models.PositiveSmallIntegerField(
        _("month cutoff day"),
        default=10,
        help_text=_("Uploads up to this day count for the previous month."),
    )
    expected_cards_per_month = models.PositiveSmallIntegerField(
        _("expected cards per month"), default=2
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default="Asia/Jerusalem",
        validators=[validate_time_zone],
    )
    default_region = models.CharField(_("phone region"), max_length=2, default="IL")
    language = models.CharField(
        _("language"), max_length=2, choices=Language.choices, default=Language.HEBREW
    )
    signed_out_at = models.DateTimeField(null=True, blank=True, editable=False)
    is_platform = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[Any] = BusinessManager()

    class Meta:
        db_table = "businesses"
        ordering = ["business_name", "id"]
        verbose_name = _("business")
        verbose_name_plural = _("businesses")
        constraints = [
            models.UniqueConstraint(
                fields=["business_name"], name="businesses_name_unique"
            ),
            models.UniqueConstraint(
                fields=["name_key"], name="businesses_name_key_unique"
            ),
            models.UniqueConstraint(
                fields=["business_code"], name="businesses_code_unique"
            ),
            models.CheckConstraint(
                condition=Q(business_code__regex=CODE_PATTERN),
                name="businesses_code_format",
            ),
            models.CheckConstraint(
                condition=Q(month_cutoff_day__range=(1, 28)),
                name="businesses_cutoff_day_range",
            ),
            models.CheckConstraint(
                condition=Q(expected_cards_per_month__range=(1, 31)),
                name="businesses_expected_cards_range",
            ),
            models.CheckConstraint(
                condition=Q(is_platform=True, id=PLATFORM_ID, is_active=True)
                | (Q(is_platform=False) & ~Q(id=PLATFORM_ID)),
                name="businesses_platform_is_one_and_active",
            ),
        ]

    def __str__(self) -> str:
        return self.business_name

    def clean(self) -> None:
        super().clean()
        if self.business_code is not None:
            self.business_code = self.business_code.lower() or None

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def settings(self) -> "BusinessSettings":
        """Return the settings row, or unsaved defaults.

        There is no query after `with_settings()`.
        """
        try:
            row: BusinessSettings = self.settings_row
        except BusinessSettings.DoesNotExist:
            return BusinessSettings(business=self)
        return row


class WarningPolicy(models.TextChoices):
    """The effect of a warning on an approval."""

    WARN = "warn", _("Warn")
    REJECT = "refuse", _("Block")


def _policy(label: Any) -> models.CharField:  # type: ignore[type-arg]
    return models.CharField(
        label,
        max_length=6,
        choices=WarningPolicy.choices,
        default=WarningPolicy.WARN,
    )


class BusinessSettings(TenantModel):
    """The settings of one business, at most one row; without a row the defaults apply."""

    business = models.OneToOneField(
        "businesses.Business",
        on_delete=models.PROTECT,
        related_name="settings_row",
        editable=False,
    )
    on_outside_employment = _policy(_("days outside employment"))
    on_future_month = _policy(_("month in the future"))
    on_overlapping_hours = _policy(_("overlapping hours"))
    on_long_day = _policy(_("long day"))
    on_duplicate_days = _policy(_("another card with the same days"))
    longest_day_hours = models.DecimalField(
        _("maximum hours per day"), max_digits=4, decimal_places=2, default=Decimal(16)
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "business_settings"
        ordering = ["id"]
        verbose_name = _("business settings")
        verbose_name_plural = _("business settings")
        constraints = [
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{name}__in": WarningPolicy.values}),
                    name=f"business_settings_{name}_known",
                )
                for name in (
                    "on_outside_employment",
                    "on_future_month",
                    "on_overlapping_hours",
                    "on_long_day",
                    "on_duplicate_days",
                )
            ),
            models.CheckConstraint(
                condition=Q(longest_day_hours__range=(1, 24)),
                name="business_settings_longest_day_range",
            ),
        ]

    def __str__(self) -> str:
        return str(self.business)


class MigrationOriginal(TenantModel):
    """The original of a row that a migration changed or removed.

    It preserves all data, so that the migration can be undone exactly.
    """

    table_name = models.CharField(max_length=63)
    row_id = models.UUIDField()
    content: models.JSONField[Any, Any] = models.JSONField()
    # The values that the migration set: column → new value. Null: it removed the row.
    changed: models.JSONField[Any, Any] = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "migration_originals"
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["business", "table_name", "row_id"],
                name="migration_originals_row_idx",
            )
        ]

    def __str__(self) -> str:
        return f"{self.table_name} {self.row_id}"
