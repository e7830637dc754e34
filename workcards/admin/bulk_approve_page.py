"""The list action that approves the selected cards, and the page with its results."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.request_user import get_request_user
from automatehq.api.errors import DomainError
from businesses.tenancy.admin import TenantAdmin
from workcards import services
from workcards.models import WorkCard
from workcards.serializers import LAST_VERSION

from .actions import stale_version_message

_VERSION_FIELD = "version_{}"


def version_field(card: WorkCard) -> SafeString:
    """Return the hidden field that submits the version of the card that the list showed."""
    return format_html(
        '<input type="hidden" name="{}" value="{}">',
        _VERSION_FIELD.format(card.pk),
        card.version,
    )


def approve_selected(
    model_admin: TenantAdmin[WorkCard],
    request: HttpRequest,
    queryset: QuerySet[WorkCard],
) -> HttpResponse | None:
    """Approve the selected cards in the versions that the page showed, each separately."""
    chosen = list(queryset)
    versions = [
        services.CardVersion(card.pk, version)
        for card in chosen
        if (version := _submitted_version(request, card))
    ]
    if len(versions) < len(chosen):
        model_admin.message_user(
            request,
            _("Approve works on one page at a time."),
            messages.ERROR,
        )
        return None
    result = services.approve_cards(versions=versions, actor=get_request_user(request))
    cards = {card.pk: card for card in chosen}
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Approve"),
        "opts": model_admin.opts,
        "approved": [
            (cards[card_id], [warning.shown for warning in approval.card_warnings])
            for card_id, approval in result.approved.items()
        ],
        "failed": [
            (cards[card_id], *_describe_error(cards[card_id], error))
            for card_id, error in result.failed.items()
        ],
        # The URL of the list with its filters.
        "back_url": request.get_full_path(),
    }
    return TemplateResponse(
        request, "admin/workcards/workcard/bulk_approval.html", context
    )


def _submitted_version(request: HttpRequest, card: WorkCard) -> int | None:
    text = request.POST.get(_VERSION_FIELD.format(card.pk), "")
    is_version = text.isascii() and text.isdecimal() and len(text) <= 10
    return int(text) if is_version and 1 <= int(text) <= LAST_VERSION else None


def _describe_error(card: WorkCard, error: DomainError) -> tuple[str, str, str]:
    """Return the reason why a card was not approved, and a link.

    The link (URL and label) leads to the page with the conflicts; both are "" without conflicts.
    """
    sentences = [problem.detail for problem in error.problems]
    reason = " ".join([*sentences, stale_version_message(error)]).strip()
    if "conflicts" not in error.extra:
        return reason, "", ""
    url = reverse("admin:workcards_workcard_approve", args=[card.pk])
    return reason, f"{url}?{urlencode({'version': card.version})}", _("Choose")
