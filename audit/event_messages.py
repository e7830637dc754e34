"""Sentences that describe audit events, one for each event type.

Placeholders: `%(who)s`, the user who acted; `%(what)s`, the label of the object at that time. Sentences about cards
also have `%(employee)s`, `%(site)s` and `%(month)s`. A card without an employee has a separate sentence.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _


class Sentence(NamedTuple):
    """A sentence, and its variant for a card without an employee.

    Without a variant (None), `text` is used for such cards.
    """

    text: Any
    without_employee: Any = None


EVENT_MESSAGES: Mapping[str, Sentence] = MappingProxyType(
    {
        # Cards
        "card_uploaded": Sentence(
            _("%(who)s uploaded a card of %(employee)s for %(month)s"),
            _("%(who)s uploaded a card for %(month)s at %(site)s"),
        ),
        "card_created": Sentence(
            _("%(who)s created a card of %(employee)s for %(month)s manually")
        ),
        "card_updated": Sentence(
            _("%(who)s edited the card of %(employee)s for %(month)s"),
            _("%(who)s edited a card for %(month)s at %(site)s"),
        ),
        "card_assigned": Sentence(
            _("%(who)s assigned a card for %(month)s to %(employee)s")
        ),
        "card_unassigned": Sentence(
            _("%(who)s unassigned a card for %(month)s at %(site)s")
        ),
        "days_updated": Sentence(
            _("%(who)s entered days on the card of %(employee)s for %(month)s"),
            _("%(who)s entered days on a card for %(month)s at %(site)s"),
        ),
        "card_approved": Sentence(
            _("%(who)s approved the card of %(employee)s for %(month)s")
        ),
        "card_rejected": Sentence(
            _("%(who)s rejected the card of %(employee)s for %(month)s"),
            _("%(who)s rejected a card for %(month)s at %(site)s"),
        ),
        "card_reopened": Sentence(
            _("%(who)s reopened the card of %(employee)s for %(month)s"),
            _("%(who)s reopened a card for %(month)s at %(site)s"),
        ),
        "card_deleted": Sentence(
            _("%(who)s deleted the card of %(employee)s for %(month)s"),
            _("%(who)s deleted a card for %(month)s at %(site)s"),
        ),
        "ledger_backfill_conflict": Sentence(
            _(
                "A day on the card of %(employee)s for %(month)s was already paid from another card when the ledger was created"
            )
        ),
        "ledger_backfill_set_aside": Sentence(
            _(
                "Days on the card of %(employee)s for %(month)s were set aside in favor of the paid card"
            )
        ),
        "ledger_repaired": Sentence(
            _("The paid days of the card of %(employee)s for %(month)s were repaired"),
            _("The paid days of a card for %(month)s at %(site)s were repaired"),
        ),
        # Months
        "month_closed": Sentence(_("%(who)s closed %(month)s")),
        "month_reopened": Sentence(_("%(who)s reopened %(month)s")),
        # Exports
        "export_requested": Sentence(_("%(who)s requested the export %(what)s")),
        "export_finished": Sentence(_("The export %(what)s finished")),
        "export_failed": Sentence(_("The export %(what)s failed")),
        "export_profile_created": Sentence(
            _("%(who)s created the export profile %(what)s")
        ),
        "export_profile_updated": Sentence(
            _("%(who)s edited the export profile %(what)s")
        ),
        "export_profile_deleted": Sentence(
            _("%(who)s deleted the export profile %(what)s")
        ),
        # Employees and sites
        "employee_created": Sentence(_("%(who)s added the employee %(what)s")),
        "employee_updated": Sentence(_("%(who)s edited the employee %(what)s")),
        "employee_activated": Sentence(_("%(who)s activated the employee %(what)s")),
        "employee_deactivated": Sentence(
            _("%(who)s deactivated the employee %(what)s")
        ),
        "employee_released": Sentence(
            _("%(who)s released the employee %(what)s to other businesses")
        ),
        "employees_imported": Sentence(_("%(who)s imported employees")),
        "site_created": Sentence(_("%(who)s added the site %(what)s")),
        "site_updated": Sentence(_("%(who)s edited the site %(what)s")),
        "site_activated": Sentence(_("%(who)s activated the site %(what)s")),
        "site_deactivated": Sentence(_("%(who)s deactivated the site %(what)s")),
        "site_settings_updated": Sentence(
            _("%(who)s changed the settings of the site %(what)s")
        ),
        # Users
        "user_created": Sentence(_("%(who)s added the user %(what)s")),
        "user_updated": Sentence(_("%(who)s edited the user %(what)s")),
        "user_password_changed": Sentence(
            _("%(who)s changed the password of the user %(what)s")
        ),
        "user_activated": Sentence(_("%(who)s activated the user %(what)s")),
        "user_deactivated": Sentence(_("%(who)s deactivated the user %(what)s")),
        "user_released": Sentence(
            _("%(who)s released the user %(what)s to other businesses")
        ),
        "sign_in_failed": Sentence(_("Failed sign-in as %(what)s")),
        "sign_in_locked": Sentence(
            _("Sign-in as %(what)s was locked after too many failed attempts")
        ),
        "lockout_opened": Sentence(_("The sign-in lock of %(what)s was removed")),
        "refresh_token_reused": Sentence(
            _("An old token of %(what)s was reused; the session was ended")
        ),
        # Businesses
        "business_created": Sentence(_("%(who)s created the business %(what)s")),
        "business_updated": Sentence(_("%(who)s edited the business %(what)s")),
        "business_settings_updated": Sentence(
            _("%(who)s changed the settings of the business %(what)s")
        ),
        "business_activated": Sentence(_("%(who)s activated the business %(what)s")),
        "business_deactivated": Sentence(
            _("%(who)s deactivated the business %(what)s")
        ),
        "acting_started": Sentence(_("%(who)s started acting for %(what)s")),
        "acting_ended": Sentence(_("%(who)s stopped acting for %(what)s")),
        "files_swept": Sentence(_("Unreferenced files were deleted")),
        # Events that only the platform sees
        "cross_business_attempt": Sentence(
            _("%(who)s of another business tried to open %(what)s")
        ),
        "cross_business_conflict": Sentence(
            _("%(who)s of another business tried to use a value of %(what)s")
        ),
    }
)

# The sentence of an event type that only an older version wrote.
UNKNOWN = Sentence("%(who)s: %(event)s %(what)s")
