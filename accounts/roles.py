"""Roles and their permissions: the one table that the API and the admin read."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    SUPER_ADMIN = "SUPER_ADMIN", _("Super-admin")
    ADMIN = "ADMIN", _("Administrator")
    REVIEWER = "REVIEWER", _("Reviewer")
    UPLOADER = "UPLOADER", _("Uploader")
    VIEWER = "VIEWER", _("Viewer")


# From the highest to the lowest. Users cannot change a user of a higher rank or assign such a role.
RANK = {role: rank for rank, role in enumerate(reversed(Role), start=1)}

_EVERYONE = frozenset(Role)
_STAFF = frozenset({Role.ADMIN, Role.REVIEWER, Role.UPLOADER, Role.VIEWER})
_ADMIN = frozenset({Role.ADMIN})
_REVIEW = frozenset({Role.ADMIN, Role.REVIEWER})
_UPLOAD = _REVIEW | {Role.UPLOADER}
_SUPER = frozenset({Role.SUPER_ADMIN})

# Permission → roles. A super-admin who acts for a business has ADMIN's permissions in it, and has the super-admin's own
# only while not acting. "see" of a super-admin includes all businesses.
ROLE_PERMISSIONS: dict[str, frozenset[Role]] = {
    "businesses.see": _EVERYONE,
    "businesses.edit": _ADMIN | _SUPER,
    "businesses.manage": _SUPER,
    "users.see": _ADMIN | _SUPER,
    "users.manage": _ADMIN,
    "users.manage_super_admins": _SUPER,
    "sites.see": _EVERYONE,
    "sites.edit": _ADMIN | _SUPER,
    "sites.manage": _SUPER,
    "site_tariffs.see": frozenset(
        {Role.SUPER_ADMIN, Role.ADMIN, Role.REVIEWER, Role.VIEWER}
    ),
    "site_settings.see": _EVERYONE,
    "site_settings.manage": _REVIEW,
    "employees.see": _EVERYONE,
    "employees.manage": _REVIEW,
    "employees.release": _ADMIN,
    "cards.see": _EVERYONE,
    "cards.upload": _UPLOAD,
    "cards.review": _REVIEW,
    "cards.delete_any": _ADMIN,
    "months.see": _EVERYONE,
    "months.close": _REVIEW,
    "months.reopen": _ADMIN,
    "exports.see": frozenset(
        {Role.SUPER_ADMIN, Role.ADMIN, Role.REVIEWER, Role.VIEWER}
    ),
    "exports.create": _REVIEW,
    "matrix.see": _EVERYONE,
    "audit.see": frozenset({Role.SUPER_ADMIN, Role.ADMIN, Role.VIEWER}),
    "audit.see_cards_and_employees": _REVIEW | {Role.SUPER_ADMIN, Role.VIEWER},
    "platform.act_as": _SUPER,
}


def permissions_for(role: Role | str) -> frozenset[str]:
    """Return all keys of the table that `role` has."""
    return frozenset(
        right for right, roles in ROLE_PERMISSIONS.items() if role in roles
    )
