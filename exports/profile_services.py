"""Create, update and delete export profiles.

Each function locks the profile's row, saves only the changed fields, and records one event in the audit trail. Runs
keep a copy of their profile. Changes of a profile therefore affect neither finished nor queued exports.
"""

import uuid
from collections.abc import Mapping

from django.utils.translation import gettext as _

from accounts.models import User
from audit.cross_business import check_in_use_limit
from audit.services import changes, record, snapshot
from automatehq.api.errors import Invalid
from automatehq.row_locks import lock_or_404

from .models import ExportProfile
from .profiles import COMPONENTS, PROFILE_FIELDS, Profile


def create_profile(*, values: Mapping[str, object], actor: User) -> ExportProfile:
    """Create a profile of the business in scope.

    Raises `Invalid` for values that no file can be written with.
    """
    profile = ExportProfile(**values)
    _check(profile)
    check_in_use_limit(actor.pk)
    profile.save(force_insert=True)
    record(
        "export_profile_created",
        entity=profile,
        actor=actor,
        after=snapshot(profile, PROFILE_FIELDS),
    )
    return profile


def update_profile(
    *, profile_id: uuid.UUID, values: Mapping[str, object], actor: User
) -> ExportProfile:
    """Update a profile; `components` changes only the given codes.

    Raises the errors of `create_profile`.
    """
    profile = _locked(profile_id)
    before = snapshot(profile, PROFILE_FIELDS)
    for field, value in values.items():
        setattr(profile, field, value)
    profile.components = {**before["components"], **profile.components}
    _check(profile)
    before, after = changes(before, snapshot(profile, PROFILE_FIELDS))
    if after:
        if "name" in after:
            check_in_use_limit(actor.pk)
        profile.save(update_fields=[*after, "updated_at"])
        record(
            "export_profile_updated",
            entity=profile,
            actor=actor,
            before=before,
            after=after,
        )
    return profile


def delete_profile(*, profile_id: uuid.UUID, actor: User) -> None:
    """Delete a profile; runs that used the profile stay unchanged."""
    profile = _locked(profile_id)
    record(
        "export_profile_deleted",
        entity=profile,
        actor=actor,
        before=snapshot(profile, PROFILE_FIELDS),
    )
    profile.delete()


def _locked(profile_id: uuid.UUID) -> ExportProfile:
    profile: ExportProfile = lock_or_404(ExportProfile.objects.all(), profile_id)
    return profile


def _check(profile: ExportProfile) -> None:
    """Raise `Invalid` for a profile that no file can be written with.

    Each of its values may be valid alone.
    """
    profile.clean()
    codes = {part: profile.components.get(part) for part in COMPONENTS}
    profile.components = codes
    if not any(codes.values()):
        raise Invalid(
            "required", _("Enter a code for at least one component."), "components"
        )
    if profile.decimal_separator == profile.delimiter:
        raise Invalid(
            "separators_collide",
            _("The decimal separator can't be the delimiter too."),
            "decimal_separator",
        )
    written = {"organization_number": profile.organization_number} | {
        f"components.{part}": code for part, code in codes.items()
    }
    for field, text in written.items():
        if not Profile.of(profile).is_encodable(text or ""):
            raise Invalid(
                "not_encodable",
                _("The encoding %(encoding)s cannot represent this value.")
                % {"encoding": profile.get_encoding_display()},
                field,
            )
