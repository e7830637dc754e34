"""Create and change sites, site settings and employees.

Each function locks its row, saves only the changed fields, and records one event in the audit trail for each changed
object.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import date
from typing import Any

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit.cross_business import check_in_use_limit
from audit.models import AuditEvent
from audit.services import build_event, changes, record, record_many, snapshot
from automatehq.api.errors import AlreadyInUse, Conflict, Denied, Invalid
from automatehq.row_locks import lock_or_404
from automatehq.text_columns import assign
from businesses.models import PLATFORM_ID
from businesses.tenancy.context import business_scope, try_get_business_id
from businesses.tenancy.definer_functions import values_in_use

from .models import Employee, Site, SiteSettings

# The fields that an event stores, before and after.
SITE_FIELDS = ("site_name", "site_code", "address", "is_active")
SETTINGS_FIELDS = (
    "hourly_tariff",
    "contact_emails",
    "contact_phone",
    "responsible_employee_id",
    "expected_cards_per_month",
    "is_hidden",
)
EMPLOYEE_FIELDS = (
    "site_id",
    "full_name",
    "passport_id",
    "former_passport_id",
    "external_employee_id",
    "phone_number",
    "started_on",
    "left_on",
    "is_active",
)
# Values that another business may have. Too many attempts with such values are rejected.
SITE_UNIQUE = {"site_name", "site_code"}
EMPLOYEE_UNIQUE = ("passport_id", "external_employee_id")


# Sites


def create_site(*, values: Mapping[str, object], actor: User) -> Site:
    """Create a site.

    Its steward is the business in scope. In the platform's scope the site has no steward.
    """
    site = Site(**values, steward_id=try_get_business_id())
    site.clean()
    _check_in_use_limit(actor, values, SITE_UNIQUE)
    site.reject_clashing_name()
    site.save(force_insert=True)
    _record_site("site_created", site, actor=actor, after=snapshot(site, SITE_FIELDS))
    return site


def update_site(
    *, site_id: uuid.UUID, values: Mapping[str, object], actor: User
) -> Site:
    """Update name, code and address of a site.

    A business may update the sites it is the steward of, the platform all. Raises `Denied` for the site of another
    steward.
    """
    site = _locked_site(site_id)
    return _change_site(site, values, "site_updated", actor)


def activate_site(*, site_id: uuid.UUID, actor: User) -> Site:
    """Activate a site again, for all businesses."""
    return _change_site(
        _locked_site(site_id), {"is_active": True}, "site_activated", actor
    )


def deactivate_site(*, site_id: uuid.UUID, actor: User) -> Site:
    """Deactivate a site for new cards and employees, in all businesses. Existing rows stay unchanged."""
    return _change_site(
        _locked_site(site_id), {"is_active": False}, "site_deactivated", actor
    )


def save_site_settings(
    *, site: Site, values: Mapping[str, object], actor: User
) -> SiteSettings:
    """Create or update the current business's settings for `site`."""
    existing = SiteSettings.objects.select_for_update().filter(site=site).first()
    settings: SiteSettings = existing or SiteSettings()
    settings.site = site
    before = snapshot(settings, SETTINGS_FIELDS) if existing else {}
    assign(settings, values)
    before, after = changes(before, snapshot(settings, SETTINGS_FIELDS))
    if not existing:
        settings.save(force_insert=True)
    elif after:
        settings.save(update_fields=[*after, "updated_at"])
    else:
        return settings
    record(
        "site_settings_updated",
        entity=settings,
        actor=actor,
        site_id=site.pk,
        before=before if existing else None,
        after=after,
    )
    return settings


def _locked_site(site_id: uuid.UUID) -> Site:
    # A business may read the row of another steward, but cannot lock it.
    sites = Site.objects.filter(pk=site_id)
    site: Site | None = sites.select_for_update(no_key=True).first()
    if site is None:
        if sites.exists():
            raise Denied(
                detail=_("Only the business that created this site can edit it.")
            )
        raise Http404
    return site


def _change_site(
    site: Site, values: Mapping[str, Any], event_type: str, actor: User
) -> Site:
    before = snapshot(site, SITE_FIELDS)
    assign(site, values)
    before, after = changes(before, snapshot(site, SITE_FIELDS))
    if after:
        _check_in_use_limit(actor, after, SITE_UNIQUE)
        if site.has_new_name:
            site.reject_clashing_name()
        site.save(update_fields=[*after, "updated_at"])
        _record_site(event_type, site, actor=actor, before=before, after=after)
    return site


def _record_site(event_type: str, site: Site, **details: Any) -> None:
    """Record an event in the audit trail of the business in scope.

    In the platform's scope, the event is recorded in the audit trail of the business named Platform.
    """
    in_business = try_get_business_id() is not None
    with nullcontext() if in_business else business_scope(PLATFORM_ID):
        record(event_type, entity=site, site_id=site.pk, **details)


# Employees


def create_employee(*, values: Mapping[str, object], actor: User) -> Employee:
    """Create an employee of the business in scope.

    Raises `Invalid` for an inactive or hidden home site, and the database's error for a passport or external id that
    is already in use.
    """
    employee = new_employee(values)
    written = snapshot(employee, EMPLOYEE_UNIQUE)
    _check_in_use_limit(actor, written, EMPLOYEE_UNIQUE)
    require_unused_values(written)
    employee.save(force_insert=True)
    record_many([build_creation_event(employee, actor=actor)])
    return employee


def update_employee(
    *, employee_id: uuid.UUID, values: Mapping[str, object], actor: User
) -> Employee:
    """Update an employee. A new home site must satisfy the rules of `create_employee`."""
    return _change_employee(
        _locked_employee(employee_id), values, "employee_updated", actor
    )


def activate_employee(*, employee_id: uuid.UUID, actor: User) -> Employee:
    """Activate an employee again; the leaving date is cleared."""
    employee = _locked_employee(employee_id)
    if employee.is_active:
        return employee
    return _change_employee(
        employee, {"is_active": True, "left_on": None}, "employee_activated", actor
    )


def deactivate_employee(
    *, employee_id: uuid.UUID, actor: User, left_on: date | None = None
) -> Employee:
    """Deactivate an employee who left on `left_on`, by default the stored date or today.

    Today is the date at the business. For an employee who has not started yet, no leaving date is stored: the
    employee was never employed.
    """
    employee = _locked_employee(employee_id)
    was_active = employee.is_active
    left_on = left_on or employee.left_on
    if was_active and left_on is None:
        today = timezone.localdate(timezone=employee.business.zone)
        is_to_start = employee.started_on is not None and employee.started_on > today
        left_on = None if is_to_start else today
    return _change_employee(
        employee,
        {"is_active": False, "left_on": left_on},
        "employee_deactivated" if was_active else "employee_updated",
        actor,
    )


def release_employee(*, employee_id: uuid.UUID, actor: User) -> Employee:
    """Release the passport of an inactive employee, so that another business can hire.

    The employee's history stays. Raises `Conflict` while the employee is active.
    """
    employee = _locked_employee(employee_id)
    if employee.is_active:
        raise Conflict(
            "employee_is_active",
            _("An active employee cannot be released. Deactivate the employee first."),
        )
    if employee.passport_id is None:
        return employee
    return _change_employee(
        employee,
        {"former_passport_id": employee.passport_id, "passport_id": None},
        "employee_released",
        actor,
    )


def _locked_employee(employee_id: uuid.UUID) -> Employee:
    employee: Employee = lock_or_404(Employee.objects.all(), employee_id)
    return employee


def _change_employee(
    employee: Employee, values: Mapping[str, Any], event_type: str, actor: User
) -> Employee:
    before, after = change_employee(employee, values)
    if after:
        _check_in_use_limit(actor, after, EMPLOYEE_UNIQUE)
        require_unused_values(after)
        employee.save(update_fields=[*after, "updated_at"])
        event = build_employee_event(
            event_type, employee, actor=actor, before=before, after=after
        )
        record_many([event])
    return employee


# The rules of an employee without the write. The edit of a single employee and the import share them.

SiteCheck = Callable[[Site], Invalid | None]


def site_error(site: Site) -> Invalid | None:
    """Return the error of a new home site that is inactive, or hidden by the business."""
    if not site.is_active:
        return Invalid("site_inactive", _("This site is inactive."), "site_id")
    if SiteSettings.objects.filter(site=site, is_hidden=True).exists():
        return Invalid(
            "site_hidden", _("Your business has hidden this site."), "site_id"
        )
    return None


def new_employee(
    values: Mapping[str, object], *, check_site: SiteCheck = site_error
) -> Employee:
    """Return an unsaved employee with `values`. Raises `Invalid`."""
    employee = Employee(**values)
    employee.clean()
    _require_valid_site(employee.site, check_site)
    return employee


def change_employee(
    employee: Employee,
    values: Mapping[str, object],
    *,
    check_site: SiteCheck = site_error,
) -> tuple[dict[str, object], dict[str, object]]:
    """Set `values` on `employee` without saving; return the changed fields, before and after.

    Raises `Invalid`.
    """
    before = snapshot(employee, EMPLOYEE_FIELDS)
    assign(employee, values)
    before, after = changes(before, snapshot(employee, EMPLOYEE_FIELDS))
    if "site_id" in after:
        _require_valid_site(employee.site, check_site)
    return before, after


def find_values_in_use(
    rows: Sequence[Mapping[str, object]],
) -> dict[str, set[str]]:
    """Return the values that other employees have.

    These are passports of any business and external ids of the current one. `rows` contains the new values of each
    employee, by field. At most two queries. The unique indexes reject the values as well, but PostgreSQL would log
    the statement with every value in it.
    """
    values_by_field = {
        field: {str(values[field]) for values in rows if values.get(field)}
        for field in EMPLOYEE_UNIQUE
    }
    passports, external_ids = (values_by_field[field] for field in EMPLOYEE_UNIQUE)
    in_use: dict[str, set[str]] = {field: set() for field in EMPLOYEE_UNIQUE}
    if passports:
        in_use["passport_id"] = values_in_use("passport_in_use", passports)
    if external_ids:
        employees = Employee.objects.filter(external_employee_id__in=external_ids)
        in_use["external_employee_id"] = set(
            employees.values_list("external_employee_id", flat=True)
        )
    return in_use


def require_unused_values(values: Mapping[str, Any]) -> None:
    """Raise `AlreadyInUse` for a new passport or external id that another employee has."""
    in_use = find_values_in_use([values])
    for field in EMPLOYEE_UNIQUE:
        if values.get(field) in in_use[field]:
            raise AlreadyInUse("workforce.employee", field, values[field])


def build_creation_event(employee: Employee, *, actor: User) -> AuditEvent:
    """Return the event of a new employee."""
    after = snapshot(employee, EMPLOYEE_FIELDS)
    return build_employee_event("employee_created", employee, actor=actor, after=after)


def build_employee_event(
    event_type: str, employee: Employee, **details: Any
) -> AuditEvent:
    """Return an unsaved event about an employee."""
    return build_event(
        event_type,
        entity=employee,
        site_id=employee.site_id,
        employee_id=employee.pk,
        **details,
    )


def _require_valid_site(site: Site | None, check_site: SiteCheck) -> None:
    error = check_site(site) if site is not None else None
    if error is not None:
        raise error


# Sites and employees


def _check_in_use_limit(
    actor: User, values: Mapping[str, Any], unique_fields: Iterable[str]
) -> None:
    if actor is not None and any(values.get(field) for field in unique_fields):
        check_in_use_limit(actor.pk)
