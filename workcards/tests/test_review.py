"""The transitions of a card: roles, initial statuses, reasons."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Acting
from audit.models import AuditEvent
from automatehq.api.errors import Conflict, Denied, DomainError, Invalid
from workcards import services
from workcards.models import WorkCard
from workcards.services import CardConflict
from workcards.tests.factories import WorkCardFactory
from workcards.tests.review_helpers import approve, card_with, reopen
from workcards.transitions import ReviewStatus, Transition
from workforce.tests.factories import EmployeeFactory, SiteFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _scope(acme: Any) -> Any:
    with acme.scope():
        yield


@pytest.fixture
def employee() -> Any:
    return EmployeeFactory(full_name="John Smith", site=SiteFactory(site_name="A"))


def test_a_reason_is_kept_with_a_rejected_card_until_it_is_reopened(
    acme: Any, employee: Any
) -> None:
    card = WorkCardFactory(unassigned=True)
    services.reject_card(card_id=card.pk, reason=" blurred ", actor=acme.reviewer)
    card.refresh_from_db()
    assert (card.review_status, card.rejected_reason) == ("REJECTED", "blurred")
    outcome = reopen(acme, card)
    assert outcome.card.review_status == ReviewStatus.NEEDS_ASSIGNMENT
    assert outcome.card.rejected_reason == ""


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
@pytest.mark.parametrize("verb", ["reject", "reopen"])
def test_a_reason_must_be_given(
    acme: Any, employee: Any, verb: str, reason: str
) -> None:
    card = card_with(acme, employee, {1: "8"})
    if verb == "reopen":
        approve(acme, card)
    with pytest.raises(Invalid) as rejected:
        getattr(services, f"{verb}_card")(
            card_id=card.pk, reason=reason, actor=acme.reviewer
        )
    assert rejected.value.attr == "reason"


def do(verb: Transition, card: Any, actor: Any) -> Any:
    """Try a transition of a card."""
    card.refresh_from_db()
    match verb:
        case Transition.ASSIGN:
            employee = EmployeeFactory(site=card.site)
            return services.assign_card(card_id=card.pk, employee=employee, actor=actor)
        case Transition.UNASSIGN:
            return services.assign_card(card_id=card.pk, employee=None, actor=actor)
        case Transition.APPROVE:
            return services.approve_card(
                card_id=card.pk, version=card.version, actor=actor
            )
        case Transition.REJECT:
            return services.reject_card(card_id=card.pk, reason="no", actor=actor)
        case Transition.REOPEN:
            return services.reopen_card(card_id=card.pk, reason="no", actor=actor)


def card_in(acme: Any, status: ReviewStatus) -> Any:
    """Return a card with a day in a status, which it reached by transitions."""
    card = card_with(acme, EmployeeFactory(), {1: "8"})
    if status == ReviewStatus.NEEDS_ASSIGNMENT:
        do(Transition.UNASSIGN, card, acme.reviewer)
    elif status == ReviewStatus.APPROVED:
        do(Transition.APPROVE, card, acme.reviewer)
    elif status == ReviewStatus.REJECTED:
        do(Transition.REJECT, card, acme.reviewer)
    card.refresh_from_db()
    return card


# Repeated instead of imported from the code, so that an added transition fails.
LEADS_TO = {
    ("NEEDS_ASSIGNMENT", "assign"): "NEEDS_REVIEW",
    ("NEEDS_ASSIGNMENT", "reject"): "REJECTED",
    ("NEEDS_REVIEW", "assign"): "NEEDS_REVIEW",
    ("NEEDS_REVIEW", "unassign"): "NEEDS_ASSIGNMENT",
    ("NEEDS_REVIEW", "approve"): "APPROVED",
    ("NEEDS_REVIEW", "reject"): "REJECTED",
    ("APPROVED", "reopen"): "NEEDS_REVIEW",
    ("REJECTED", "reopen"): "NEEDS_REVIEW",
}
ROLE_PERMISSIONS: dict[str, set[str]] = {
    "admin": {"assign", "unassign", "approve", "reject", "reopen"},
    "reviewer": {"assign", "unassign", "approve", "reject", "reopen"},
    "uploader": {"assign", "unassign"},
    "viewer": set(),
}


@pytest.mark.parametrize("verb", Transition)
@pytest.mark.parametrize("status", ReviewStatus)
def test_every_verb_from_every_status(
    acme: Any, status: ReviewStatus, verb: Transition
) -> None:
    card = card_in(acme, status)
    events = AuditEvent.objects.count()
    target = LEADS_TO.get((status.value, verb.value))
    if target is None:
        with pytest.raises(CardConflict) as rejected:
            do(verb, card, acme.admin)
        assert rejected.value.code == "invalid_transition"
        assert rejected.value.card.review_status == status
        assert str(status.label) in str(rejected.value.detail)
        expected = (status, card.version, events)
    else:
        do(verb, card, acme.admin)
        expected = (target, card.version + 1, events + 1)
    now = WorkCard.objects.get(pk=card.pk)
    assert (now.review_status, now.version, AuditEvent.objects.count()) == expected


@pytest.mark.parametrize("verb", Transition)
@pytest.mark.parametrize("role", ROLE_PERMISSIONS)
def test_every_verb_by_every_role(acme: Any, role: str, verb: Transition) -> None:
    starts = [status for status, known in LEADS_TO if known == verb.value]
    actor = getattr(acme, role)
    card = card_in(acme, ReviewStatus(starts[-1]))
    if verb.value in ROLE_PERMISSIONS[role]:
        do(verb, card, actor)
    else:
        with pytest.raises(Denied):
            do(verb, card, actor)


@pytest.mark.parametrize("verb", Transition)
def test_what_the_system_does_itself_takes_no_right(
    acme: Any, verb: Transition
) -> None:
    starts = [status for status, known in LEADS_TO if known == verb.value]
    card = card_in(acme, ReviewStatus(starts[-1]))
    do(verb, card, None)
    assert AuditEvent.objects.latest("created_at", "id").actor_id is None


def test_a_stale_version_says_who_changed_the_card_and_when(
    acme: Any, employee: Any
) -> None:
    card = card_with(acme, employee, {1: "8"})
    services.edit_card(card_id=card.pk, notes="see back", actor=acme.admin)
    with pytest.raises(CardConflict) as rejected:
        services.approve_card(card_id=card.pk, version=2, actor=acme.reviewer)
    error = rejected.value
    assert error.code == "stale_version"
    assert error.extra["changed_by"] == {
        "id": str(acme.admin.pk),
        "name": acme.admin.full_name,
    }
    event = AuditEvent.objects.get(event_type="card_updated")
    assert error.extra["changed_at"] == f"{event.created_at:%Y-%m-%dT%H:%M:%SZ}"
    assert (error.card.version, error.card.notes) == (3, "see back")


@pytest.mark.parametrize("status", ReviewStatus)
@pytest.mark.parametrize("target", ReviewStatus)
def test_changing_the_status_is_the_verb_that_leads_there(
    acme: Any, status: ReviewStatus, target: ReviewStatus
) -> None:
    card = card_in(acme, status)
    targets = {
        target
        for (start, verb), target in LEADS_TO.items()
        if start == status and verb != "assign"
    }
    arguments = {
        "card_id": card.pk,
        "status": target,
        "version": card.version,
        "reason": "because",
        "actor": acme.admin,
    }
    if target in targets:
        assert services.change_status(**arguments).card.review_status == target
    else:
        with pytest.raises(Conflict) as rejected:
            services.change_status(**arguments)
        assert rejected.value.code == "invalid_transition"


@pytest.mark.parametrize(
    ("status", "target"),
    [
        ("NEEDS_REVIEW", "APPROVED"),
        ("NEEDS_REVIEW", "REJECTED"),
        ("REJECTED", "NEEDS_REVIEW"),
        ("APPROVED", "NEEDS_REVIEW"),
    ],
)
def test_changing_the_status_takes_the_right_of_the_verb(
    acme: Any, status: str, target: str
) -> None:
    card = card_in(acme, ReviewStatus(status))
    with pytest.raises(Denied):
        services.change_status(
            card_id=card.pk,
            status=target,
            version=card.version,
            reason="because",
            actor=acme.uploader,
        )


def test_who_uploads_may_take_a_card_from_its_employee(acme: Any) -> None:
    card = card_in(acme, ReviewStatus.NEEDS_REVIEW)
    unassigned = services.change_status(
        card_id=card.pk, status="NEEDS_ASSIGNMENT", version=2, actor=acme.uploader
    )
    assert unassigned.card.employee_id is None


def test_a_super_admin_who_acts_is_the_approver(
    acme: Any, employee: Any, super_admin: Any
) -> None:
    super_admin.acting = Acting(
        acme.business, "help", timezone.now() + timedelta(hours=1)
    )
    card = card_with(acme, employee, {1: "8"})
    services.approve_card(card_id=card.pk, version=2, actor=super_admin)
    found = WorkCard.objects.with_figures().get(pk=card.pk)
    assert found.approved_by_id == super_admin.pk
    assert found.approved_by_name == "Super Admin"
    assert AuditEvent.objects.get(event_type="card_approved").cross_business


def test_refusals_leave_no_event(acme: Any, employee: Any) -> None:
    card = card_with(acme, employee, {1: "8"})
    before = AuditEvent.objects.count()
    for attempt in (
        lambda: services.approve_card(card_id=card.pk, version=1, actor=acme.admin),
        lambda: services.approve_card(card_id=card.pk, version=2, actor=acme.viewer),
        lambda: services.reopen_card(card_id=card.pk, reason="x", actor=acme.admin),
        lambda: services.reject_card(card_id=card.pk, reason="", actor=acme.admin),
    ):
        with pytest.raises(DomainError):
            attempt()
    assert AuditEvent.objects.count() == before
