"""Actions of a card in the admin, other than editing its days."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from automatehq.admin.form_fields import LineField, LinesField
from automatehq.admin.forms import ActionForm, MonthField
from automatehq.admin.object_actions import Text, Verb
from automatehq.admin.widgets import AutocompleteSelect
from automatehq.api.converters import parse_uuid
from automatehq.api.errors import Conflict, DomainError
from workcards import services
from workcards.models import WorkCard
from workcards.serializers import LAST_VERSION
from workcards.services.card_warnings import warnings_before_approval
from workcards.services.review import REASON_LENGTH
from workcards.transitions import DayStatus, ReviewStatus, status_after
from workcards.transitions import Verb as CardVerb
from workforce.models import Employee, Site

SEARCH_CHANGED = "search_changed"
_ANSWER = re.compile(r"choice_(?P<id>[0-9a-f-]{36})")


class CardForm(ActionForm):
    """A form with the version of the card from the URL, or else the present version."""

    version = forms.IntegerField(
        widget=forms.HiddenInput, min_value=1, max_value=LAST_VERSION
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = self.request.GET.get("version", "") if self.request else ""
        self.initial.setdefault(
            "version", int(asked) if asked.isdecimal() else self.obj.version
        )

    def refuse(self, refusal: DomainError) -> None:
        super().refuse(refusal)
        if said := who_changed_it(refusal):
            self.add_error(None, said)


def who_changed_it(refusal: DomainError) -> str:
    """Return the user and time of the last change for a `stale_version` error, else ""."""
    if refusal.code != "stale_version":
        return ""
    who = refusal.extra.get("changed_by")
    at = parse_datetime(str(refusal.extra.get("changed_at")))
    return _("%(who)s changed it, %(at)s.") % {
        "who": who["name"] if who else _("Somebody"),
        "at": date_format(localtime(at), "DATETIME_FORMAT") if at else "–",
    }


def employee_field(**kwargs: Any) -> forms.ModelChoiceField:  # type: ignore[type-arg]
    """Return an autocomplete field for an employee of the business."""
    widget = AutocompleteSelect(WorkCard._meta.get_field("employee"), admin.site)
    return forms.ModelChoiceField(
        label=gettext_lazy("Employee"),
        queryset=Employee.objects.all(),
        widget=widget,
        **kwargs,
    )


class AssignForm(CardForm):
    """A form that assigns an employee to the card, with the text of the search.

    `found_for` is the text of the search that returned the employee. `q` is the text in the search field when the
    form was submitted.
    """

    employee = employee_field()
    q = LineField(required=False, widget=forms.HiddenInput)
    found_for = LineField(required=False, widget=forms.HiddenInput)

    def refuse(self, refusal: DomainError) -> None:
        super().refuse(refusal)
        if refusal.code == SEARCH_CHANGED:
            # The next page asks again, without the search text and the employee found for the old text.
            asked_again = dict.fromkeys(("employee", "q", "found_for"), "")
            self.data = {**self.data.dict(), **asked_again}  # type: ignore[attr-defined]


class ReasonForm(CardForm):
    reason = LineField(
        label=gettext_lazy("Reason"),
        max_length=REASON_LENGTH,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )


class EditForm(CardForm):
    names = {"month": "processing_month"}

    site = forms.ModelChoiceField(
        label=gettext_lazy("Site"), queryset=Site.objects.all()
    )
    month = MonthField(label=gettext_lazy("Month"))
    notes = LinesField(
        label=gettext_lazy("Notes"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, obj: WorkCard, **kwargs: Any) -> None:
        initial = {
            "site": obj.site_id,
            "month": obj.processing_month,
            "notes": obj.notes,
        }
        super().__init__(*args, obj=obj, initial=initial, **kwargs)


class ApproveForm(CardForm):
    """A form that approves the card, with an answer for each conflicting ledger row."""

    conflicts: list[dict[str, Any]] = []

    @property
    def warnings(self) -> Sequence[services.CardWarning]:
        """Return the warnings about the stored card."""
        business = getattr(self.request, "business", None)
        return warnings_before_approval(self.obj, business)

    def refuse(self, refusal: DomainError) -> None:
        super().refuse(refusal)
        conflicts = refusal.extra.get("conflicts") or self._conflicts_again(refusal)
        self.conflicts = conflicts_to_settle(conflicts, self.answers())

    def clean(self) -> dict[str, Any]:
        return {**self.cleaned_data, "resolutions": self.answers()}

    def answers(self) -> list[services.Resolution]:
        return answers_in(self.data)

    def _conflicts_again(self, refusal: DomainError) -> list[dict[str, Any]]:
        """Return all conflicts, because the page shows them again.

        They are returned also if only the answers were invalid.
        """
        if refusal.code in HOPELESS:
            return []
        request = self.request
        assert request is not None
        return conflicts_met_by(
            lambda: services.approve_card(
                card_id=self.obj.pk,
                version=self.cleaned_data["version"],
                actor=request.user,
            )
        )


# Errors of an approval that an answer about the ledger can't resolve.
HOPELESS = ("stale_version", "invalid_transition", "no_days", "month_closed")


def answers_in(data: Mapping[str, Any]) -> list[services.Resolution]:
    """Return the answers in submitted data; rows without a choice are omitted."""
    found = []
    for name, choice in data.items():
        match = _ANSWER.fullmatch(name)
        row_id = parse_uuid(match["id"]) if match else None
        day = parse_date(str(data.get(f"date_{row_id}", "")))
        if row_id and day and choice in services.Choice.values:
            found.append(services.Resolution(day, row_id, choice))
    return found


def conflicts_met_by(approve: Callable[[], Any]) -> list[dict[str, Any]]:
    """Return the conflicts with the ledger that `approve` raises; roll everything back."""
    try:
        with transaction.atomic():
            approve()
            transaction.set_rollback(True)
    except DomainError as refusal:
        conflicts: list[dict[str, Any]] = refusal.extra.get("conflicts") or []
        return conflicts
    return []


def conflicts_to_settle(
    conflicts: Iterable[Mapping[str, Any]], answers: Iterable[services.Resolution]
) -> list[dict[str, Any]]:
    """Return conflicts for display, each with its choices and the submitted choice.

    The submitted choice is in `given`.
    """
    given = {str(answer.approved_day_id): answer.choice for answer in answers}
    return [
        {
            **conflict,
            "date": parse_date(conflict["date"]),
            "given": given.get(conflict["approved_day_id"], ""),
            "choices": [
                (choice.value, choice.label)
                for choice in services.Choice
                if choice is not services.Choice.ADD or not conflict["same_site"]
            ],
            "new": _readable(conflict["new"]),
            "ledger": _readable(conflict["ledger"]),
        }
        for conflict in conflicts
    ]


def _readable(figures: Mapping[str, Any]) -> dict[str, Any]:
    status = figures["day_status"]
    return {**figures, "what": DayStatus(status).label if status else figures["hours"]}


def _by(
    service: Callable[..., services.ActionResult], sentence: Text, **fixed: Any
) -> Callable[[HttpRequest, WorkCard, Mapping[str, Any]], str]:
    """Return a function that runs a service with the form's values.

    The function returns the message for the user.

    `sentence` may contain the placeholder of the card's employee.
    """

    def run(request: HttpRequest, card: WorkCard, values: Mapping[str, Any]) -> str:
        outcome = service(card_id=card.pk, actor=request.user, **values, **fixed)
        for day in outcome.not_reposted:
            messages.warning(request, day.warning)
        return tell(outcome, sentence)

    return run


def _assign(request: HttpRequest, card: WorkCard, values: Mapping[str, Any]) -> str:
    """Assign the card to the chosen employee.

    Raises `Conflict` `search_changed` if the search text has changed since the employee was found.
    """
    values = dict(values)
    typed, found_for = values.pop("q"), values.pop("found_for")
    if typed != found_for:
        raise Conflict(
            SEARCH_CHANGED,
            _(
                "You changed the search from “%(found_for)s” to “%(typed)s”. Choose the employee again."
            )
            % {"found_for": found_for, "typed": typed},
            "employee",
        )
    assign = _by(services.assign_card, gettext_lazy("The card is %(employee)s’s."))
    return assign(request, card, values)


def tell(outcome: services.ActionResult, sentence: Text) -> str:
    """Return the message about a card's new state.

    Days that are not paid from another card get messages of their own.
    """
    said = [
        sentence % {"employee": outcome.card.employee},
        *(warning.shown for warning in outcome.found),
    ]
    if outcome.reposted:
        days = "; ".join(map(str, outcome.reposted))
        said.append(_("Paid again from other cards: %(days)s.") % {"days": days})
    return " ".join(map(str, said))


def _leads_on(verb: CardVerb) -> Callable[[Any], bool]:
    """Return a test for cards on which `verb` is possible; in a closed month, none is."""

    def is_for(card: Any) -> bool:
        if card.month_is_closed:
            return False
        status = ReviewStatus(card.review_status)
        has_employee = card.employee_id is not None
        return status_after(status, verb, has_employee=has_employee) is not None

    return is_for


VERBS = (
    Verb(
        name="approve",
        label=gettext_lazy("Approve"),
        question=gettext_lazy("Its days go into the ledger, which is what is paid."),
        right="cards.review",
        run=_by(
            services.approve_card,
            gettext_lazy("The card is approved; its days are in the ledger."),
        ),
        form=ApproveForm,
        is_for=_leads_on(CardVerb.APPROVE),
        template="admin/workcards/workcard/approve.html",
    ),
    Verb(
        name="assign",
        label=gettext_lazy("Assign"),
        question=gettext_lazy("Whose card is it? Days that are entered stay."),
        right="cards.upload",
        run=_assign,
        form=AssignForm,
        is_for=_leads_on(CardVerb.ASSIGN),
    ),
    Verb(
        name="unassign",
        label=gettext_lazy("Unassign"),
        question=gettext_lazy("The card waits again for somebody to say whose it is."),
        right="cards.upload",
        run=_by(
            services.assign_card,
            gettext_lazy("The card is nobody’s now."),
            employee=None,
        ),
        form=CardForm,
        is_for=_leads_on(CardVerb.UNASSIGN),
    ),
    Verb(
        name="edit",
        label=gettext_lazy("Site, month, notes"),
        button=gettext_lazy("Save"),
        right="cards.upload",
        run=_by(services.edit_card, gettext_lazy("The card is saved.")),
        form=EditForm,
        is_for=lambda card: not card.month_is_closed,
    ),
    Verb(
        name="reject",
        label=gettext_lazy("Reject"),
        question=gettext_lazy("The card is put aside, with the reason."),
        right="cards.review",
        run=_by(services.reject_card, gettext_lazy("The card is rejected.")),
        form=ReasonForm,
        is_for=_leads_on(CardVerb.REJECT),
    ),
    Verb(
        name="reopen",
        label=gettext_lazy("Reopen"),
        question=gettext_lazy(
            "Takes back the approval or rejection; days that were paid from this card leave the ledger."
        ),
        right="cards.review",
        run=_by(services.reopen_card, gettext_lazy("The card is open again.")),
        form=ReasonForm,
        is_for=_leads_on(CardVerb.REOPEN),
    ),
)
