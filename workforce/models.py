"""The models of sites, which all businesses share, and of each business's employees and site settings."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from automatehq.api.errors import CONSTRAINT_ERRORS, UNIQUE_FIELDS, Conflict, Rule
from automatehq.text_columns import EmailField, LineField
from businesses.tenancy.constraints import TenantForeignKeyConstraint
from businesses.tenancy.managers import TenantManager
from businesses.tenancy.models import IdentifiedModel, TenantModel
from businesses.unique_names import NamedModel, NameKeyField

from .identifiers import PASSPORT_PATTERN, normalise_passport
from .querysets import EmployeeQuerySet, SiteManager


class Site(NamedModel, IdentifiedModel):
    """A place of work. All businesses read it; the steward, which created it, edits it."""

    NAME = "site_name"

    site_name = LineField(_("name"), max_length=200)
    name_key = NameKeyField("site_name")
    site_code = LineField(_("code"), max_length=40, null=True, blank=True)
    address = LineField(_("address"), max_length=300, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    steward = models.ForeignKey(
        "businesses.Business",
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        editable=False,
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[Any] = SiteManager()

    class Meta:
        db_table = "sites"
        ordering = ["site_name", "id"]
        verbose_name = _("site")
        verbose_name_plural = _("sites")
        constraints = [
            models.UniqueConstraint(fields=["site_name"], name="sites_name_unique"),
            models.UniqueConstraint(fields=["name_key"], name="sites_name_key_unique"),
            models.UniqueConstraint(fields=["site_code"], name="sites_code_unique"),
        ]

    def __str__(self) -> str:
        return self.site_name

    def clean(self) -> None:
        super().clean()
        self.site_code = self.site_code or None


class Employee(TenantModel):
    """A person whom the business pays."""

    site = models.ForeignKey(
        Site,
        verbose_name=_("home site"),
        on_delete=models.PROTECT,
        related_name="employees",
        null=True,
        blank=True,
    )
    full_name = LineField(_("full name"), max_length=200)
    passport_id = LineField(
        _("passport"),
        max_length=15,
        null=True,
        blank=True,
        validators=[
            RegexValidator(PASSPORT_PATTERN, _("Enter 5 to 15 letters and digits."))
        ],
    )
    former_passport_id = LineField(
        _("former passport"), max_length=64, null=True, blank=True, editable=False
    )
    external_employee_id = LineField(
        _("external ID"), max_length=64, null=True, blank=True
    )
    phone_number = LineField(_("phone"), max_length=32, blank=True)
    started_on = models.DateField(_("started on"), null=True, blank=True)
    left_on = models.DateField(_("left on"), null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[Any] = TenantManager.of(EmployeeQuerySet)

    class Meta:
        db_table = "employees"
        ordering = ["full_name", "id"]
        verbose_name = _("employee")
        verbose_name_plural = _("employees")
        constraints = [
            models.UniqueConstraint(
                fields=["business", "id"], name="employees_business_id_unique"
            ),
            models.UniqueConstraint(
                fields=["passport_id"], name="employees_passport_unique"
            ),
            models.UniqueConstraint(
                fields=["business", "external_employee_id"],
                name="employees_external_id_unique",
            ),
            models.CheckConstraint(
                condition=Q(passport_id__regex=PASSPORT_PATTERN),
                name="employees_passport_format",
            ),
            models.CheckConstraint(
                condition=Q(left_on__gte=F("started_on")),
                name="employees_left_after_start",
            ),
        ]
        indexes = [
            models.Index(fields=["business", "site"], name="employees_site_idx"),
            models.Index(
                fields=["business", "passport_id"], name="employees_passport_idx"
            ),
            models.Index(
                fields=["business", "full_name", "id"], name="employees_name_idx"
            ),
        ]

    def __str__(self) -> str:
        return self.full_name

    def clean(self) -> None:
        super().clean()
        self.passport_id = normalise_passport(self.passport_id or "") or None
        self.external_employee_id = self.external_employee_id or None


class SiteSettings(TenantModel):
    """The private settings of one business for a site."""

    site = models.ForeignKey(
        Site,
        verbose_name=_("site"),
        on_delete=models.PROTECT,
        related_name="settings_rows",
    )
    hourly_tariff = models.DecimalField(
        _("hourly tariff"),
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    contact_emails = ArrayField(
        EmailField(), verbose_name=_("contact e-mails"), default=list, blank=True
    )
    contact_phone = LineField(_("contact phone"), max_length=32, blank=True)
    responsible_employee = models.ForeignKey(
        Employee,
        verbose_name=_("responsible employee"),
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        db_constraint=False,
    )
    expected_cards_per_month = models.PositiveSmallIntegerField(
        _("expected cards per month"), null=True, blank=True
    )
    is_hidden = models.BooleanField(_("hidden"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "site_settings"
        ordering = ["id"]
        verbose_name = _("site settings")
        verbose_name_plural = _("site settings")
        constraints = [
            models.UniqueConstraint(
                fields=["business", "site"], name="site_settings_site_unique"
            ),
            TenantForeignKeyConstraint(
                field="responsible_employee",
                to="workforce.Employee",
                name="site_settings_responsible_employee_fk",
            ),
            models.CheckConstraint(
                condition=Q(hourly_tariff__gte=0), name="site_settings_tariff_positive"
            ),
            models.CheckConstraint(
                condition=Q(expected_cards_per_month__range=(1, 31)),
                name="site_settings_expected_cards_range",
            ),
        ]

    def __str__(self) -> str:
        return str(self.site)


# A unique constraint → the message of the error.
UNIQUE_FIELDS.update(
    {
        "sites_name_unique": "site_name",
        "sites_name_key_unique": "site_name",
        "sites_code_unique": "site_code",
        "employees_passport_unique": "passport_id",
        "employees_external_id_unique": "external_employee_id",
    }
)
CONSTRAINT_ERRORS.update(
    {
        "employees_left_after_start": Rule(
            "left_on", "before_start", _("The leaving date is before the start date.")
        ),
        "site_settings_site_unique": Rule(
            None,
            "edited_elsewhere",
            _(
                "Another user has just changed these settings. Reload them and try again."
            ),
            Conflict,
        ),
    }
)
