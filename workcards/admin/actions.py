"""Actions of a card in the admin, other than editing its days."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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

from accounts.request_user import get_request_user
from automatehq.admin.form_fields import LineFormField, LinesFormField
from automatehq.admin.forms import ActionForm, MonthFormField
from automatehq.admin.object_actions import ObjectAction, Text
from automatehq.admin.widgets import AutocompleteSelect
from automatehq.api.converters import parse_uuid
from automatehq.api.errors import Conflict, DomainError
from workcards import services
from workcards.models import WorkCard
from workcards.serializers import LAST_VERSION
from workcards.services.card_warnings import warnings_before_approval
from workcards.services.review import REASON_LENGTH
from workcards.transitions import DayStatus, ReviewStatus, Transition, status_after
from workforce.models import Employee, Site

SEARCH_CHANGED = "search_changed"
_CHOICE_FIELD = re.compile(r"choice_(?P<id>[0-9a-f-]{36})")


class CardForm(ActionForm):
    """A form with the version of the card from the URL, or else the present version."""

    version = forms.IntegerField(
        widget=forms.HiddenInput, min_value=1, max_value=LAST_VERSION
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        version = self.request.GET.get("version", "") if self.request else ""
        self.initial.setdefault(
            "version", int(version) if version.isdecimal() else self.obj.version
        )

    def add_service_errors(self, service_error: DomainError) -> None:
        super().add_service_errors(service_error)
        if message := stale_version_message(service_error):
            self.add_error(None, message)


def stale_version_message(error: DomainError) -> str:
    """Return the user and time of the last change for a `stale_version` error, else ""."""
    if error.code != "stale_version":
        return ""
    editor = error.extra.get("changed_by")
    at = parse_datetime(str(error.extra.get("changed_at")))
    return _("Changed by %(who)s, %(at)s.") % {
        "who": editor["name"] if editor else _("another user"),
        "at": date_format(localtime(at), "DATETIME_FORMAT") if at else "–",
    }


def employee_field(*, required: bool = True) -> forms.ModelChoiceField:  # type: ignore[type-arg]
    """Return an autocomplete field for an employee of the business."""
    widget = AutocompleteSelect(WorkCard._meta.get_field("employee"), admin.site)
    return forms.ModelChoiceField(
        label=gettext_lazy("Employee"),
        queryset=Employee.objects.all(),
        widget=widget,
        required=required,
    )


class AssignForm(CardForm):
    """A form that assigns an employee to the card, with the text of the search.

    `found_for` is the text of the search that returned the employee. `q` is the text in the search field when the
    form was submitted.
    """

    employee = employee_field()
    q = LineFormField(required=False, widget=forms.HiddenInput)
    found_for = LineFormField(required=False, widget=forms.HiddenInput)

    def add_service_errors(self, service_error: DomainError) -> None:
        super().add_service_errors(service_error)
        if service_error.code == SEARCH_CHANGED:
            # The next page starts without the search text and the employee found for the old text.
            emptied = dict.fromkeys(("employee", "q", "found_for"), "")
            self.data = {**self.data.dict(), **emptied}  # type: ignore[attr-defined]


class ReasonForm(CardForm):
    reason = LineFormField(
        label=gettext_lazy("Reason"),
        max_length=REASON_LENGTH,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )


class EditForm(CardForm):
    names = {"month": "processing_month"}

    site = forms.ModelChoiceField(
        label=gettext_lazy("Site"), queryset=Site.objects.all()
    )
    month = MonthFormField(label=gettext_lazy("Month"))
    notes = LinesFormField(
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
    """A form that approves the card, with a choice for each conflicting ledger row."""

    conflicts: list[dict[str, Any]] = []

    @property
    def warnings(self) -> Sequence[services.CardWarning]:
        """Return the warnings about the stored card."""
        business = getattr(self.request, "business", None)
        return warnings_before_approval(self.obj, business)

    def add_service_errors(self, service_error: DomainError) -> None:
        super().add_service_errors(service_error)
        conflicts = service_error.extra.get("conflicts") or self._all_conflicts(
            service_error
        )
        self.conflicts = conflict_rows(conflicts, self.resolutions)

    def clean(self) -> dict[str, Any]:
        return {**self.cleaned_data, "resolutions": self.resolutions}

    @property
    def resolutions(self) -> list[services.Resolution]:
        return parse_resolutions(self.data)

    def _all_conflicts(self, error: DomainError) -> list[dict[str, Any]]:
        """Return all conflicts, because the page shows them again.

        They are returned also if only the resolutions were invalid.
        """
        if error.code in UNRESOLVABLE_CODES:
            return []
        request = self.request
        assert request is not None
        return collect_conflicts(
            lambda: services.approve_card(
                card_id=self.obj.pk,
                version=self.cleaned_data["version"],
                actor=get_request_user(request),
            )
        )


# Errors of an approval that no choice about the ledger resolves.
UNRESOLVABLE_CODES = ("stale_version", "invalid_transition", "no_days", "month_closed")


def parse_resolutions(data: Mapping[str, object]) -> list[services.Resolution]:
    """Return the choices in submitted data; rows without a choice are omitted."""
    resolutions = []
    for name, choice in data.items():
        match = _CHOICE_FIELD.fullmatch(name)
        row_id = parse_uuid(match["id"]) if match else None
        day = parse_date(str(data.get(f"date_{row_id}", "")))
        if row_id and day and choice in services.Choice.values:
            resolutions.append(services.Resolution(day, row_id, choice))
    return resolutions


def collect_conflicts(approve: Callable[[], object]) -> list[dict[str, Any]]:
    """Return the conflicts with the ledger that `approve` raises; roll everything back."""
    try:
        with transaction.atomic():
            approve()
            transaction.set_rollback(True)
    except DomainError as error:
        conflicts: list[dict[str, Any]] = error.extra.get("conflicts") or []
        return conflicts
    return []


def conflict_rows(
    conflicts: Iterable[Mapping[str, Any]], resolutions: Iterable[services.Resolution]
) -> list[dict[str, Any]]:
    """Return conflicts for display, each with its `choices` and the submitted `choice`."""
    submitted = {
        str(resolution.approved_day_id): resolution.choice for resolution in resolutions
    }
    return [
        {
            **conflict,
            "date": parse_date(conflict["date"]),
            "choice": submitted.get(conflict["approved_day_id"], ""),
            "choices": list(_choices(conflict)),
            "new": _with_label(conflict["new"]),
            "ledger": _with_label(conflict["ledger"]),
        }
        for conflict in conflicts
    ]


def _choices(conflict: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the value and the label of each possible choice, such as "Keep 9.00"."""
    paid, new = (_with_label(conflict[name])["label"] for name in ("ledger", "new"))
    yield services.Choice.KEEP.value, _("Keep %(hours)s") % {"hours": paid}
    yield services.Choice.REPLACE.value, _("Replace with %(hours)s") % {"hours": new}
    if not conflict["same_site"]:
        yield services.Choice.ADD.value, services.Choice.ADD.label


def _with_label(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of a day with a `label`: the hours, or the name of the absence."""
    status = figures["day_status"]
    label = DayStatus(status).label if status else figures["hours"]
    return {**figures, "label": label}


def _service_runner(
    service: Callable[..., services.ActionResult], sentence: Text, **fixed: Any
) -> Callable[[HttpRequest, WorkCard, Mapping[str, Any]], str]:
    """Return a function that runs a service with the form's values.

    The function returns the message for the user.

    `sentence` may contain the placeholder of the card's employee.
    """

    def run(request: HttpRequest, card: WorkCard, values: Mapping[str, Any]) -> str:
        result = service(card_id=card.pk, actor=request.user, **values, **fixed)
        for day in result.not_reposted:
            messages.warning(request, day.warning)
        return outcome_message(result, sentence)

    return run


def _assign(request: HttpRequest, card: WorkCard, values: Mapping[str, Any]) -> str:
    """Assign the card to the chosen employee.

    Raises `Conflict` `search_changed` if the search text has changed since the employee was found.
    """
    values = dict(values)
    text, found_for = values.pop("q"), values.pop("found_for")
    if text != found_for:
        raise Conflict(
            SEARCH_CHANGED,
            _(
                "You changed the search from “%(found_for)s” to “%(typed)s”. Choose the employee again."
            )
            % {"found_for": found_for, "typed": text},
            "employee",
        )
    assign = _service_runner(
        services.assign_card, gettext_lazy("Card assigned to %(employee)s.")
    )
    return assign(request, card, values)


def outcome_message(result: services.ActionResult, sentence: Text) -> str:
    """Return the message about a card's new state.

    Days that are not paid from another card get messages of their own.
    """
    sentences = [
        sentence % {"employee": result.card.employee},
        *(warning.shown for warning in result.card_warnings),
    ]
    if result.reposted:
        days = "; ".join(map(str, result.reposted))
        sentences.append(_("Now paid from other cards: %(days)s.") % {"days": days})
    return " ".join(map(str, sentences))


def _allows(transition: Transition) -> Callable[[Any], bool]:
    """Return a test for cards on which `transition` is possible; in a closed month, none is."""

    def is_available(card: Any) -> bool:
        if card.month_is_closed:
            return False
        status = ReviewStatus(card.review_status)
        has_employee = card.employee_id is not None
        return status_after(status, transition, has_employee=has_employee) is not None

    return is_available


CARD_ACTIONS = (
    ObjectAction(
        name="approve",
        label=gettext_lazy("Approve"),
        question=gettext_lazy(
            "The days of the card are added to the ledger for payment."
        ),
        right="cards.review",
        run=_service_runner(
            services.approve_card,
            gettext_lazy("Card approved; its days are in the ledger."),
        ),
        form=ApproveForm,
        is_available=_allows(Transition.APPROVE),
        template="admin/workcards/workcard/approve.html",
    ),
    ObjectAction(
        name="assign",
        label=gettext_lazy("Assign"),
        question=gettext_lazy(
            "Choose the employee of this card. Entered days are kept."
        ),
        right="cards.upload",
        run=_assign,
        form=AssignForm,
        is_available=_allows(Transition.ASSIGN),
    ),
    ObjectAction(
        name="unassign",
        label=gettext_lazy("Unassign"),
        question=gettext_lazy("The card returns to the cards that need assignment."),
        right="cards.upload",
        run=_service_runner(
            services.assign_card,
            gettext_lazy("Card unassigned."),
            employee=None,
        ),
        form=CardForm,
        is_available=_allows(Transition.UNASSIGN),
    ),
    ObjectAction(
        name="edit",
        label=gettext_lazy("Site, month, notes"),
        button=gettext_lazy("Save"),
        right="cards.upload",
        run=_service_runner(services.edit_card, gettext_lazy("Card saved.")),
        form=EditForm,
        is_available=lambda card: not card.month_is_closed,
    ),
    ObjectAction(
        name="reject",
        label=gettext_lazy("Reject"),
        question=gettext_lazy("The card is rejected. Give a reason."),
        right="cards.review",
        run=_service_runner(services.reject_card, gettext_lazy("Card rejected.")),
        form=ReasonForm,
        is_available=_allows(Transition.REJECT),
    ),
    ObjectAction(
        name="reopen",
        label=gettext_lazy("Reopen"),
        question=gettext_lazy(
            "Reverts the approval or rejection. Days paid from this card are removed from the ledger."
        ),
        right="cards.review",
        run=_service_runner(services.reopen_card, gettext_lazy("Card reopened.")),
        form=ReasonForm,
        is_available=_allows(Transition.REOPEN),
    ),
)
