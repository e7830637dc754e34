"""Services for a card as a whole: create, edit, assign, delete."""

import uuid
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User, display_name
from automatehq.api.errors import Conflict, Denied, Invalid
from automatehq.text import clean_text
from workcards.models import WorkCard, WorkCardFile
from workcards.month_math import first_of_month
from workcards.scans import storage
from workcards.transitions import CardSource, ReviewStatus, Transition
from workforce.models import Employee, Site

from .audit_events import (
    FILE_FIELDS,
    card_snapshot,
    day_snapshot,
    record_card,
    save_card,
    with_iso_dates,
)
from .card_warnings import read_background, warnings_about
from .locking import (
    lock_card,
    lock_names,
    require_open_month,
    require_right,
    require_transition,
    require_unapproved,
)
from .results import ActionResult


@transaction.atomic
def create_manual_card(
    *, site: Site, employee: Employee, month: date, actor: User | None, notes: str = ""
) -> tuple[WorkCard, bool]:
    """Create a card without a scan; return it, and True if it is new.

    If a card of the same employee, site and month is pending and has no scan, that card is returned. Raises `Invalid`
    `site_closed` for a site that takes no new cards, and `Conflict` `month_closed`.
    """
    require_right(actor, "cards.upload")
    month = first_of_month(month)
    require_open_month(month)
    lock_names("manual_card", [f"{employee.pk} {site.pk} {month}"])
    waiting = (
        WorkCard.objects.for_employee_month(employee.pk, month)
        .filter(site=site, source=CardSource.MANUAL)
        .pending()
        .order_by("created_at", "id")
        .first()
    )
    if waiting is not None:
        return waiting, False
    require_open_site(site)
    card = WorkCard(
        site=site,
        employee=employee,
        processing_month=month,
        source=CardSource.MANUAL,
        review_status=ReviewStatus.NEEDS_REVIEW,
        notes=clean_text(notes),
        uploaded_by=actor,
        uploaded_by_name=display_name(actor),
    )
    card.save(force_insert=True)
    record_card("card_created", card, actor=actor, after=card_snapshot(card))
    return card, True


@transaction.atomic
def edit_card(
    *,
    card_id: uuid.UUID,
    actor: User | None,
    version: int | None = None,
    site: Site | None = None,
    month: date | None = None,
    notes: str | None = None,
) -> ActionResult:
    """Change the card's site, month or notes; None leaves a value unchanged.

    Site and month change only while the card is unapproved (`Conflict` `card_approved`). The month changes only while
    the card has no days (`Conflict` `has_days`), and between open months (`Conflict` `month_closed`).
    """
    require_right(actor, "cards.upload")
    card = lock_card(card_id, version=version)
    before = card_snapshot(card)
    if site is not None and site.pk != card.site_id:
        require_unapproved(card)
        require_open_site(site)
        card.site = site
    if month is not None and first_of_month(month) != card.processing_month:
        require_unapproved(card)
        if card.day_entries.exists():
            raise Conflict(
                "has_days",
                _("The month cannot be changed while the card has days."),
                "processing_month",
            )
        require_open_month(month)
        card.processing_month = first_of_month(month)
    if notes is not None:
        card.notes = clean_text(notes)
    if card_snapshot(card) != before:
        save_card("card_updated", card, actor=actor, before=before)
    return ActionResult(card)


@transaction.atomic
def assign_card(
    *,
    card_id: uuid.UUID,
    employee: Employee | None,
    actor: User | None,
    version: int | None = None,
) -> ActionResult:
    """Assign the card to `employee`, or remove its employee if None.

    The days stay, because they are the content of the paper card.
    """
    transition = Transition.ASSIGN if employee else Transition.UNASSIGN
    card = lock_card(card_id, version=version)
    status = require_transition(card, transition, actor)
    before = card_snapshot(card)
    card.employee = employee
    card.review_status = status
    if card_snapshot(card) != before:
        event = "card_assigned" if employee else "card_unassigned"
        save_card(event, card, actor=actor, before=before)
    if employee is None:
        return ActionResult(card)
    warnings = warnings_about(card, card.day_entries.all(), read_background([card]))
    return ActionResult(card, card_warnings=warnings)


@transaction.atomic
def delete_card(
    *, card_id: uuid.UUID, actor: User | None, version: int | None = None
) -> None:
    """Delete an unapproved card and its days, and its scan if no other card uses it.

    Administrators may delete any card, other users the cards that they uploaded or created (`Denied`). Raises
    `Conflict` `card_approved`.
    """
    require_right(actor, "cards.upload")
    card = lock_card(card_id, version=version)
    is_own = actor is not None and card.uploaded_by_id == actor.pk
    if actor is not None and not is_own and not actor.may("cards.delete_any"):
        raise Denied("permission_denied", _("Another user uploaded this card."))
    require_unapproved(card)
    days = {entry.work_date: day_snapshot(entry) for entry in card.day_entries.all()}
    record_card(
        "card_deleted",
        card,
        actor=actor,
        before=card_snapshot(card)
        | {field: getattr(card, field) for field in FILE_FIELDS}
        | {"days": with_iso_dates(days)},
    )
    file_id = card.file_id
    if card.sha256_hash:
        # An upload of the same bytes waits for this lock. Afterwards it is no duplicate of the deleted card.
        lock_names("scan", [card.sha256_hash])
    card.delete()
    if file_id is not None:
        _delete_unused_file(file_id)


def require_open_site(site: Site) -> None:
    """Raise `Invalid` `site_closed` for a site that is inactive or hidden.

    Hidden means hidden by the business in scope.
    """
    if not Site.objects.active().not_hidden().filter(pk=site.pk).exists():
        raise Invalid(
            "site_closed", _("This site does not accept new cards."), "site_id"
        )


def _delete_unused_file(file_id: uuid.UUID) -> None:
    # Lock the file first. When two requests delete the last two cards of a file, the second must find no other card.
    file = WorkCardFile.objects.select_for_update().filter(pk=file_id).first()
    if file is None or WorkCard.objects.filter(file_id=file_id).exists():
        return
    storage.remove_after_commit(file)
    file.delete()
