"""The first audit events of a business, about its users, employees and sites."""

from functools import partial

from accounts.models import User
from accounts.roles import Role
from accounts.services import FIELDS as USER_FIELDS
from audit.services import snapshot
from businesses.services import FIELDS as BUSINESS_FIELDS
from workcards.month_math import ONE_DAY
from workforce.models import Employee, Site, SiteSettings
from workforce.services import EMPLOYEE_FIELDS, SETTINGS_FIELDS, SITE_FIELDS

from .audit_history import Trail
from .people import DemoBusiness


def tell_beginnings(
    firm: DemoBusiness, sites: list[Site], settings: list[SiteSettings], trail: Trail
) -> None:
    """Add all events other than those of cards, from the business's first day."""
    business = firm.business
    (admin,) = firm.with_role(Role.ADMIN)
    after = snapshot(business, BUSINESS_FIELDS)
    trail.add(
        business.created_at, "business_created", business, actor=None, after=after
    )
    for user in firm.users:
        _tell_user(user, admin, trail)
    for site in sites:
        if site.steward_id == business.pk:
            after = snapshot(site, SITE_FIELDS)
            trail.add(
                site.created_at,
                "site_created",
                site,
                actor=admin,
                site_id=site.pk,
                after=after,
            )
    for row in settings:
        trail.add(
            row.created_at,
            "site_settings_updated",
            row,
            actor=admin,
            site_id=row.site_id,
            after=snapshot(row, SETTINGS_FIELDS),
        )
    for person in firm.people:
        _tell_employee(firm, person.employee, admin, trail)


def _tell_user(user: User, admin: User, trail: Trail) -> None:
    after = snapshot(user, USER_FIELDS) | {"is_active": True}
    maker = None if user is admin else admin
    trail.add(user.created_at, "user_created", user, actor=maker, after=after)
    if not user.is_active:
        trail.add(
            user.updated_at,
            "user_deactivated",
            user,
            actor=admin,
            before={"is_active": True},
            after={"is_active": False},
        )


def _tell_employee(
    firm: DemoBusiness, employee: Employee, admin: User, trail: Trail
) -> None:
    add = partial(
        trail.add,
        entity=employee,
        actor=admin,
        site_id=employee.site_id,
        employee_id=employee.pk,
    )
    passport = employee.passport_id or employee.former_passport_id
    at_first = {
        "passport_id": passport,
        "former_passport_id": None,
        "left_on": None,
        "is_active": True,
    }
    after = snapshot(employee, EMPLOYEE_FIELDS) | at_first
    add(employee.created_at, "employee_created", after=after)
    if employee.is_active:
        return
    left_on = employee.left_on or firm.first_day
    moment = firm.at(left_on, 17)
    add(
        max(moment, employee.created_at),
        "employee_deactivated",
        before={"is_active": True, "left_on": None},
        after={"is_active": False, "left_on": employee.left_on},
    )
    if employee.former_passport_id:
        add(
            moment + ONE_DAY / 8,
            "employee_released",
            before={"passport_id": passport, "former_passport_id": None},
            after={"passport_id": None, "former_passport_id": passport},
        )
