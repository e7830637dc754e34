"""The page of a card: its scan beside the days of its month, and its actions."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.request_user import get_request_user
from audit.descriptions import describe_events
from automatehq.admin.forms import translate_database_errors
from automatehq.api.errors import Conflict, DomainError
from businesses.tenancy.admin import TenantAdmin
from workcards import services
from workcards.employee_suggestions import QUERY_LENGTH, suggest
from workcards.models import DayEntry, WorkCard
from workcards.month_math import days_of_month, format_month, is_saturday
from workcards.services.card_warnings import (
    Background,
    days_of_employees,
    warnings_about,
)
from workcards.services.review import REASON_LENGTH
from workcards.transitions import ReviewStatus

from .actions import (
    UNRESOLVABLE_CODES,
    collect_conflicts,
    conflict_rows,
    outcome_message,
    parse_resolutions,
    stale_version_message,
)
from .day_forms import (
    CardVersionForm,
    DayFormSet,
    client_messages,
    day_formset,
    day_totals,
    refill_formset,
    submitted_days,
)
from .edit_conflicts import EditConflicts, events_since, find_edit_conflicts
from .review_context import ReviewContext, build_review_context, related_cards
from .review_queue import review_queue

# The field with the keys of the warnings that the page showed.
SHOWN_WARNING_FIELD = "seen_warning"


def card_title(card: WorkCard, badge: str = "") -> SafeString:
    """Return the label of a card for lists and titles; `badge` follows its month."""
    return format_html(
        '<span class="month">{}</span>{} · <bdi>{}</bdi>',
        format_month(card.processing_month),
        badge,
        card.original_filename or _("manual"),
    )


class WarningsNotShown(Conflict):
    """The error for approving with warnings that the page has not shown.

    Only the admin raises it.
    """

    def __init__(self) -> None:
        detail = _("Check the warnings, then approve again.")
        super().__init__("unseen_warnings", detail)


class ReviewPage:
    """The review page of one card for one request, in place of Django's change form."""

    # The days as forms: the stored ones, or those of the request with `is_unsaved`.
    formset: DayFormSet | None = None
    is_unsaved = False
    # True if another user has saved the card since the page was opened.
    is_stale = False
    edit_conflicts = EditConflicts()
    ledger_conflicts: Sequence[Mapping[str, Any]] = ()
    problems: Sequence[str] = ()

    def __init__(
        self, model_admin: TenantAdmin[WorkCard], request: HttpRequest, card: WorkCard
    ) -> None:
        self.model_admin = model_admin
        self.request = request
        self.actor = get_request_user(request)
        self.card: Any = card  # with the figures of `with_figures`

    def load(self) -> ReviewContext:
        """Return the card's days and the data beside them; at most three queries."""
        entries = DayEntry.objects.filter(work_card=self.card)
        return build_review_context(
            self.card,
            entries={entry.work_date: entry for entry in entries},
            related=related_cards(self.card),
            days=days_of_employees([self.card]),
        )

    def search(self) -> HttpResponse:
        """Redirect to the page with the submitted text of the employee search."""
        query = urlencode({"q": search_text(self.request.POST)})
        return self._redirect(f"{self.model_admin.url_of(self.card)}?{query}")

    def save(self) -> HttpResponse:
        """Save the submitted days, and approve the card with `_approve`."""
        data = self.request.POST
        formset = self._submit(data)
        version_form = CardVersionForm(data)
        if not (formset.is_valid() and version_form.is_valid()):
            return self.render(status=400)
        version = version_form.cleaned_data["version"]
        self._compare(formset, version_form.cleaned_data["since"], choices=data)
        if version == self.card.version and self.edit_conflicts.unresolved:
            problem = _("First choose a version for each day that you both changed.")
            self.problems = [problem]
            return self.render(status=409)
        if "_approve" in data:
            return self._approve(version)
        try:
            with translate_database_errors(self.request):
                self._save_days(version)
        except DomainError as error:
            return self._render_error(error)
        messages.success(self.request, _("Days saved."))
        return self._redirect(self.model_admin.url_of(self.card))

    def render(self, status: int = 200) -> HttpResponse:
        """Return the page, with the submitted days if they could not be saved."""
        model_admin, request, card = self.model_admin, self.request, self.card
        review = self.load()
        is_closed = card.month_is_closed
        is_open = card.review_status in ReviewStatus.pending() and not is_closed
        may_review = model_admin.has_change_permission(request, card)
        if self.formset is None and is_open and may_review:
            self.formset = day_formset(card, review.entries)
        context = {
            **model_admin.admin_site.each_context(request),
            **self._days_context(review),
            **self._version_context(),
            **self._actions_context(),
            "title": card_title(card),
            "opts": model_admin.opts,
            "original": card,
            "list_query": model_admin.get_preserved_filters(request),
            "list_url": model_admin.with_list(
                request, reverse("admin:workcards_workcard_changelist")
            ),
            "other_cards": review.other_cards,
            "pages": review.pages if len(review.pages) > 1 else (),
            "queue": review_queue(model_admin, request, card) if may_review else None,
            "problems": self.problems,
            "warnings": self._warnings(review) if is_open and may_review else (),
            "shown_warning_field": SHOWN_WARNING_FIELD,
            "can_approve": is_open and card.employee_id is not None,
            "can_delete": not is_closed
            and model_admin.has_delete_permission(request, card),
            "month_is_closed": is_closed,
            "may_see_history": model_admin.offers_history(request),
            "media": model_admin.media,
        }
        return TemplateResponse(
            request, "admin/workcards/workcard/review_page.html", context, status=status
        )

    # Saving

    def _submit(self, data: QueryDict) -> DayFormSet:
        """Set the page's days to the submitted ones."""
        self.formset = day_formset(self.card, {}, data)
        self.is_unsaved = True
        return self.formset

    def _compare(
        self, formset: DayFormSet, since: int, choices: Mapping[str, Any]
    ) -> None:
        """Find the edit conflicts since a version; use the stored days where chosen."""
        if since >= self.card.version:
            return
        entries = self.card.day_entries.all()
        self.edit_conflicts = find_edit_conflicts(
            formset,
            events=events_since(self.card, since),
            stored={entry.work_date: entry for entry in entries},
            choices=choices,
        )
        if stored := self.edit_conflicts.stored_forms:
            self.formset = refill_formset(self.card, formset, stored)

    def _save_days(self, version: int) -> WorkCard:
        assert self.formset is not None
        return services.set_day_entries(
            card_id=self.card.pk,
            version=version,
            entries=self.formset.entries,
            actor=self.actor,
        )

    @transaction.atomic
    def _save_and_approve(
        self, version: int, resolutions: Sequence[services.Resolution]
    ) -> services.ActionResult:
        saved = self._save_days(version)
        return services.approve_card(
            card_id=saved.pk,
            version=saved.version,
            actor=self.actor,
            resolutions=resolutions,
        )

    def _approve(self, version: int) -> HttpResponse:
        """Save and approve in one transaction, then redirect to the next card of the queue."""
        next_id = review_queue(self.model_admin, self.request, self.card).next_id
        resolutions = parse_resolutions(self.request.POST)
        shown = self.request.POST.getlist(SHOWN_WARNING_FIELD)
        try:
            with translate_database_errors(self.request):
                result = self._save_and_approve(version, resolutions)
                if not all(
                    warning.was_shown(shown) for warning in result.card_warnings
                ):
                    raise WarningsNotShown
        except DomainError as error:
            conflicts = error.extra.get("conflicts") or []
            if error.code not in ("day_conflicts", *UNRESOLVABLE_CODES):
                conflicts = collect_conflicts(
                    lambda: self._save_and_approve(version, ())
                )
            self.ledger_conflicts = conflict_rows(conflicts, resolutions)
            return self._render_error(error)
        sentence = _("%(employee)s: card approved; its days are in the ledger.")
        messages.success(self.request, outcome_message(result, sentence))
        if next_id is None:
            return self._redirect(self.model_admin.url_of(self.card))
        return self._redirect(
            reverse("admin:workcards_workcard_change", args=[next_id])
        )

    def _render_error(self, error: DomainError) -> HttpResponse:
        """Render the page again, with the submitted days and the error beside them."""
        if isinstance(error, services.CardConflict) and error.code == "stale_version":
            self.is_stale = True
            self.card = error.card
            self._compare_again()
        assert self.formset is not None
        problems = self.formset.add_service_errors(error)
        if "warning_details" in error.extra:
            problems = [
                _("The business settings do not allow the approval of this card.")
            ]
        if self.is_stale:
            problems = [" ".join([*problems, stale_version_message(error)])]
        self.problems = problems
        return self.render(error.status_code)

    def _compare_again(self) -> None:
        """Find the edit conflicts of a card that has changed again, without earlier choices."""
        data = self.request.POST
        formset, version_form = self._submit(data), CardVersionForm(data)
        formset.is_valid()
        version_form.is_valid()
        self._compare(formset, version_form.cleaned_data["since"], choices={})

    def _redirect(self, url: str) -> HttpResponse:
        return HttpResponseRedirect(self.model_admin.with_list(self.request, url))

    # Parts of the template's context

    def _days_context(self, review: ReviewContext) -> dict[str, Any]:
        return {
            "formset": self.formset,
            "is_unsaved": self.is_unsaved,
            "rows": self._rows(review),
            "totals": day_totals(review.entries.values()),
            "edit_conflicts": self.edit_conflicts,
            "other_changes": describe_events(self.edit_conflicts.other_events),
            "ledger_conflict_count": len(self.ledger_conflicts),
            "client_messages": client_messages(),
        }

    def _rows(self, review: ReviewContext) -> list[dict[str, Any]]:
        """Return the rows of the page, one for each day of the month.

        A row has the form if the day may be edited, the stored day, the figures of other cards and the ledger, and
        the conflicts with another user's edit and with the ledger.
        """
        days = days_of_month(self.card.processing_month)
        forms = self.formset.forms if self.formset is not None else []
        form_by_date = dict(zip(days, forms, strict=False))
        return [
            {
                "date": day,
                "is_saturday": is_saturday(day),
                "form": form_by_date.get(day),
                "entry": review.entries.get(day),
                "notes": review.notes.get(day, ()),
                "edit_conflict": self.edit_conflicts.days.get(day),
                "conflicts": [
                    conflict
                    for conflict in self.ledger_conflicts
                    if conflict["date"] == day
                ],
            }
            for day in days
        ]

    def _version_context(self) -> dict[str, Any]:
        data, stored = self.request.POST, self.card.version
        # The submitted version, not the stored one: the next submission must detect a change in between.
        submitted = data.get("version", stored)
        return {
            "version": stored if self.is_stale else submitted,
            "since": data.get("since") or (submitted if self.is_stale else ""),
            "is_stale": self.is_stale,
        }

    def _actions_context(self) -> dict[str, Any]:
        """Return the actions that the card offers, and the employee search."""
        model_admin, request = self.model_admin, self.request
        actions = model_admin.available_actions(request, self.card)
        list_query = model_admin.get_preserved_filters(request)
        version = self._version_context()["version"]
        context = {
            "object_actions": actions,
            "action_query": "&".join(
                filter(None, [urlencode({"version": version}), list_query])
            ),
            "reason_length": REASON_LENGTH,
        }
        urls = {action["name"]: action["url"] for action in actions}
        if "assign" in urls:
            text = search_text(request.GET)
            context |= {
                "assign_url": urls["assign"],
                "search_url": request.get_full_path(),
                "search_text": text,
                "query_length": QUERY_LENGTH,
                "suggestions": suggest(self.card, text) if text else (),
            }
        return context

    def _warnings(self, review: ReviewContext) -> Sequence[services.CardWarning]:
        """Return the warnings about the days on the page."""
        business = self.request.business  # type: ignore[attr-defined]
        days: Any = review.entries.values()
        if self.is_unsaved and self.formset is not None:
            days = submitted_days(self.formset)
        return warnings_about(self.card, days, Background(business, review.days))


def search_text(data: QueryDict) -> str:
    """Return the text of an employee search, cut to the permitted length."""
    text: str = data.get("q", "").strip()[:QUERY_LENGTH]
    return text.strip()
