"""The page of a card: its scan beside the days of its month, and its actions."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from automatehq.admin.forms import translate_database_errors
from automatehq.api.errors import Conflict, DomainError
from businesses.tenancy.form_token import form_matches_scope
from workcards import services
from workcards.employee_suggestions import QUERY_LENGTH, suggest
from workcards.models import WorkCard
from workcards.month_math import format_month
from workcards.services.card_warnings import Background, warnings_about
from workcards.services.review import REASON_LENGTH
from workcards.transitions import ReviewStatus

from .actions import (
    HOPELESS,
    answers_in,
    conflicts_met_by,
    conflicts_to_settle,
    tell,
    who_changed_it,
)
from .day_forms import (
    CardVersionForm,
    day_formset,
    rows_of,
    says_while_typing,
    totals_of,
    typed_days,
)
from .edit_conflicts import EditConflicts, between
from .review_context import ReviewContext, beside
from .review_queue import queue_of

# The field with the keys of the warnings that the page showed.
SEEN_WARNING = "seen_warning"


def called(card: WorkCard, mark: str = "") -> SafeString:
    """Return the label of a card for lists and titles; `mark` follows its month."""
    return format_html(
        '<span class="month">{}</span>{} · <bdi>{}</bdi>',
        format_month(card.processing_month),
        mark,
        card.original_filename or _("by hand"),
    )


class UnseenWarnings(Conflict):
    """The error for approving with warnings that the page has not shown.

    Only the admin raises it.
    """

    def __init__(self) -> None:
        detail = _("Check the warnings, then approve once more.")
        super().__init__("unseen_warnings", detail)


class ReviewPageMixin:
    """Mixin of the card admin: a page that replaces Django's change form."""

    def change_view(
        self: Any,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the page on GET; save the days on POST, and approve the card with `_approve`."""
        card = self._card(request, object_id)
        if request.method != "POST":
            return self._card_page(request, card)  # type: ignore[no-any-return]
        if "_search" in request.POST:
            asked = {"q": asked_in(request.POST)}
            url = f"{self.url_of(card)}?{urlencode(asked)}"
            return HttpResponseRedirect(self.with_list(request, url))
        if not self.has_change_permission(request, card):
            raise PermissionDenied
        if not form_matches_scope(request):
            return self.business_changed_response(request)  # type: ignore[no-any-return]
        return self._save_days(request, card)  # type: ignore[no-any-return]

    def get_changelist(self: Any, request: Any, **kwargs: Any) -> Any:
        """Return the changelist class, or the request's own if a queue reads only the rows."""
        asked = getattr(request, "changelist_class", None)
        return asked or super().get_changelist(request, **kwargs)  # type: ignore[misc]

    def _save_days(self: Any, request: Any, card: WorkCard) -> HttpResponse:
        formset = day_formset(card, {}, request.POST)
        seen = CardVersionForm(request.POST)
        if not (formset.is_valid() and seen.is_valid()):
            return self._card_page(request, card, formset, status=400)  # type: ignore[no-any-return]
        version, since = seen.cleaned_data["version"], seen.cleaned_data["since"]
        met = between(card, formset, request.POST, since=since)
        if version == card.version and met.unanswered:
            problem = _("Choose first whose day counts, where both of you changed it.")
            return self._card_page(  # type: ignore[no-any-return]
                request, card, met.formset, [problem], 409, met=met
            )
        what = {
            "card_id": card.pk,
            "version": version,
            "entries": met.formset.entries,
            "actor": request.user,
        }
        if "_approve" in request.POST:
            return self._approve(request, card, met, what)  # type: ignore[no-any-return]
        try:
            with translate_database_errors(request):
                services.set_day_entries(**what)
        except DomainError as refusal:
            return self._refused(request, card, met, refusal)  # type: ignore[no-any-return]
        messages.success(request, _("The days are saved."))
        return HttpResponseRedirect(self.with_list(request, self.url_of(card)))

    def _approve(
        self: Any,
        request: Any,
        card: WorkCard,
        met: EditConflicts,
        what: dict[str, Any],
    ) -> HttpResponse:
        """Save and approve in one transaction, then redirect to the next card of the queue."""
        following = queue_of(self, request, card).after
        answers = answers_in(request.POST)
        try:
            with translate_database_errors(request):
                outcome = _saved_and_approved(what, answers)
                _require_seen(outcome, request.POST.getlist(SEEN_WARNING))
        except DomainError as refusal:
            conflicts = refusal.extra.get("conflicts") or []
            if refusal.code not in ("day_conflicts", *HOPELESS):
                conflicts = conflicts_met_by(lambda: _saved_and_approved(what, ()))
            settle = conflicts_to_settle(conflicts, answers)
            return self._refused(request, card, met, refusal, settle)  # type: ignore[no-any-return]
        sentence = _("%(employee)s: the card is approved; its days are in the ledger.")
        messages.success(request, tell(outcome, sentence))
        url = self.url_of(card)
        if following is not None:
            url = reverse("admin:workcards_workcard_change", args=[following])
        return HttpResponseRedirect(self.with_list(request, url))

    def _refused(
        self: Any,
        request: Any,
        card: WorkCard,
        met: EditConflicts,
        refusal: DomainError,
        conflicts: Any = (),
    ) -> HttpResponse:
        """Render the page again, with the submitted days and the error beside them."""
        is_stale = refusal.code == "stale_version"
        if is_stale:
            # Read again: the card may have changed since this request read it.
            card = self._card(request, str(card.pk))
            met = _met_again(card, request.POST)
        problems = met.formset.refuse(refusal)
        if "warning_details" in refusal.extra:
            problems = [_("The settings of the business refuse this card.")]
        if is_stale:
            problems = [" ".join([*problems, who_changed_it(refusal)])]
        return self._card_page(  # type: ignore[no-any-return]
            request,
            card,
            met.formset,
            problems,
            refusal.status_code,
            conflicts=conflicts,
            met=met,
            is_stale=is_stale,
        )

    def _card_page(
        self: Any,
        request: HttpRequest,
        card: WorkCard,
        formset: Any = None,
        problems: Any = (),
        status: int = 200,
        *,
        conflicts: Any = (),
        met: EditConflicts | None = None,
        is_stale: bool = False,
    ) -> HttpResponse:
        around = beside(card)
        is_closed = card.month_is_closed  # type: ignore[attr-defined]
        is_open = card.review_status in ReviewStatus.pending() and not is_closed
        may_review = self.has_change_permission(request, card)
        is_unsaved = formset is not None
        if formset is None and is_open and may_review:
            formset = day_formset(card, around.entries)
        # The submitted version, not the stored one: the next submission must detect a change in between.
        seen = request.POST.get("version", card.version)
        version = card.version if is_stale else seen
        verbs = self.available_actions(request, card)
        list_query = self.get_preserved_filters(request)
        warnings: Sequence[services.CardWarning] = ()
        if is_open and may_review:
            background = Background(request.business, around.days)  # type: ignore[attr-defined]
            typed = typed_days(formset) if is_unsaved else around.entries.values()
            warnings = warnings_about(card, typed, background)
        context = {
            **self.admin_site.each_context(request),
            "title": called(card),
            "opts": self.opts,
            "original": card,
            "verbs": verbs,
            **_suggestions(request, card, verbs),
            "list_query": list_query,
            "list_url": self.with_list(
                request, reverse("admin:workcards_workcard_changelist")
            ),
            "formset": formset,
            "is_unsaved": is_unsaved,
            "met": met,
            "is_stale": is_stale,
            "since": request.POST.get("since") or (seen if is_stale else ""),
            "says": says_while_typing(),
            "version": version,
            "verb_query": "&".join(
                filter(None, [urlencode({"version": version}), list_query])
            ),
            "rows": _rows(card, around, formset, conflicts, met),
            "totals": totals_of(around.entries.values()),
            "others": around.others,
            "pages": around.pages if len(around.pages) > 1 else (),
            "queue": queue_of(self, request, card) if may_review else None,
            "problems": problems,
            "warnings": warnings,
            "seen_warning": SEEN_WARNING,
            "open_conflicts": len(conflicts),
            "reason_length": REASON_LENGTH,
            "can_approve": is_open and card.employee_id is not None,
            "can_delete": not is_closed and self.has_delete_permission(request, card),
            "month_is_closed": is_closed,
            "may_see_history": self.offers_history(request),
            "media": self.media,
        }
        return TemplateResponse(
            request, "admin/workcards/workcard/review_page.html", context, status=status
        )


def _require_seen(outcome: services.ActionResult, keys: Sequence[str]) -> None:
    """Raise `UnseenWarnings` if the page did not show all warnings before approving."""
    if not all(warning.was_seen(keys) for warning in outcome.found):
        raise UnseenWarnings


@transaction.atomic
def _saved_and_approved(what: dict[str, Any], answers: Any) -> services.ActionResult:
    saved = services.set_day_entries(**what)
    return services.approve_card(
        card_id=saved.pk,
        version=saved.version,
        actor=what["actor"],
        resolutions=answers,
    )


def _met_again(card: WorkCard, data: Any) -> EditConflicts:
    """Return the edit conflicts of a card that has changed again, without earlier choices."""
    formset, seen = day_formset(card, {}, data), CardVersionForm(data)
    formset.is_valid()
    seen.is_valid()
    since = seen.cleaned_data["since"]
    return between(card, formset, data, since=since, asks_again=True)


def _rows(
    card: WorkCard,
    around: ReviewContext,
    formset: Any,
    conflicts: Any,
    met: EditConflicts | None,
) -> list[dict[str, Any]]:
    """Return `rows_of`, with the conflicts with the ledger and with other users' edits."""
    rows = rows_of(card, around, formset)
    for row in rows:
        row["met"] = met.days.get(row["date"]) if met else None
        row["conflicts"] = [one for one in conflicts if one["date"] == row["date"]]
    return rows


def asked_in(data: Any) -> str:
    """Return the text of an employee search, cut to the permitted length."""
    text: str = data.get("q", "").strip()[:QUERY_LENGTH]
    return text.strip()


def _suggestions(
    request: HttpRequest, card: WorkCard, verbs: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return the context of the employee search if the user may assign the card."""
    urls = {verb["name"]: verb["url"] for verb in verbs}
    if "assign" not in urls:
        return {}
    asked = asked_in(request.GET)
    return {
        "assign_url": urls["assign"],
        "search_url": request.get_full_path(),
        "asked": asked,
        "query_length": QUERY_LENGTH,
        "suggestions": suggest(card, asked) if asked else (),
    }
