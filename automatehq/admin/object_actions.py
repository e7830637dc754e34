"""Object actions of the admin: a button, a form page and a service call.

An admin lists its actions in `object_actions`. An action without input can also run on many selected rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from automatehq.api.converters import parse_uuid
from automatehq.api.errors import Denied, DomainError
from automatehq.api.unknown_ids import report_rejected_value

from .forms import ActionForm, translate_database_errors, with_error_status

Text = str | Promise


def _always(obj: Any) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class ObjectAction:
    """An action on a row. `run(request, obj, values)` calls the service and returns the success message.

    `values` is the cleaned data of `form`. `right` is a key of the role table. The action is offered for rows that
    `is_available` accepts; the service makes the final check. `button` replaces the label on the submit button of the form.
    """

    name: str
    label: Text
    right: str
    run: Callable[[HttpRequest, Any, Mapping[str, Any]], str]
    question: Text = ""
    button: Text = ""
    form: type[ActionForm] = ActionForm
    is_available: Callable[[Any], bool] = _always
    in_list: bool = False
    template: str = "admin/object_action.html"


if TYPE_CHECKING:

    class ObjectActionsHost(admin.ModelAdmin[Any]):
        """The model admin that `ObjectActionsMixin` is mixed into."""

        def has_right(
            self, request: HttpRequest, right: str, obj: object = None
        ) -> bool: ...

        def business_changed_response(self, request: HttpRequest) -> HttpResponse: ...

else:
    ObjectActionsHost = object


class ObjectActionsMixin(ObjectActionsHost):
    """Mixin of model admins with the pages, buttons and list actions of `object_actions`."""

    object_actions: ClassVar[Sequence[ObjectAction]] = ()

    # Actions on one row

    def get_urls(self) -> list[URLPattern]:
        pages = [
            path(
                f"<path:object_id>/{action.name}/",
                self.admin_site.admin_view(partial(self.action_view, action=action)),
                name=self._url_name(action.name),
            )
            for action in self.object_actions
        ]
        return [*pages, *super().get_urls()]

    def available_actions(
        self, request: HttpRequest, obj: models.Model
    ) -> list[dict[str, object]]:
        """Return the buttons of a row: the actions that its state and the user's role permit."""
        return [
            {
                "name": action.name,
                "label": action.label,
                "question": action.question,
                "url": reverse(
                    f"admin:{self._url_name(action.name)}", args=[quote(obj.pk)]
                ),
            }
            for action in self.object_actions
            if action.is_available(obj) and self.has_right(request, action.right, obj)
        ]

    def action_view(
        self, request: HttpRequest, object_id: str, *, action: ObjectAction
    ) -> HttpResponse:
        """Show the form page of an action on GET; run it on POST, and show errors again."""
        obj = self.get_object(request, unquote(object_id))
        if not self.has_right(request, action.right, obj):
            raise PermissionDenied
        if obj is None:
            raise Http404
        service_error: DomainError | None = None
        if request.method == "POST":
            if not self.admin_site.form_matches_scope(request):  # type: ignore[attr-defined]
                return self.business_changed_response(request)
            form = action.form(request.POST, request.FILES, request=request, obj=obj)
            if form.is_valid():
                try:
                    with translate_database_errors(request):
                        message = action.run(request, obj, form.cleaned_data)
                except DomainError as error:
                    service_error = error
                    form.add_service_errors(error)
                else:
                    self.message_user(request, message, messages.SUCCESS)
                    return HttpResponseRedirect(
                        self.with_list(request, self.url_of(obj))
                    )
        else:
            form = action.form(request=request, obj=obj)
        context = {
            **self.admin_site.each_context(request),
            "title": action.label,
            "subtitle": str(obj),
            "opts": self.opts,
            "original": obj,
            "question": action.question,
            "form": form,
            "button": action.button or action.label,
            "media": self.media + form.media,
            "back_url": self.with_list(request, self.url_of(obj)),
        }
        response = TemplateResponse(request, action.template, context)
        return with_error_status(response, service_error) if service_error else response

    def url_of(self, obj: models.Model) -> str:
        """Return the address of a row's change page."""
        return reverse(f"admin:{self._url_name('change')}", args=[quote(obj.pk)])

    def with_list(self, request: HttpRequest, url: str) -> str:
        """Return `url` with the query string of the list that led to the current page."""
        preserved = self.get_preserved_filters(request)
        return str(
            add_preserved_filters(
                {"opts": self.opts, "preserved_filters": preserved}, url
            )
        )

    def _url_name(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"

    # Actions on many rows

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Return the list actions of `object_actions`.

        They replace Django's own actions, which would bypass the services.
        """
        return {
            action.name: (
                partial(_run_for_selected, action=action),
                action.name,
                action.label,
            )
            for action in self.object_actions
            if action.in_list and self.has_right(request, action.right)
        }

    def response_action(  # type: ignore[override]
        self, request: HttpRequest, queryset: models.QuerySet[models.Model]
    ) -> HttpResponse | None:
        """Run Django's list action on the valid ids; report the ids that the scope does not show."""
        chosen = request.POST.getlist("_selected_action")
        ids = [row_id for text in chosen if (row_id := parse_uuid(text))]
        present = set(queryset.filter(pk__in=ids).values_list("pk", flat=True))
        for row_id in ids:
            if row_id not in present:
                report_rejected_value(
                    request,
                    kind="unknown_id",
                    model=self.model,
                    field="id",
                    value=row_id,
                )
        submitted = request.POST.copy()
        submitted.setlist("_selected_action", [str(row_id) for row_id in ids])
        request.POST = submitted  # type: ignore[assignment]
        return super().response_action(request, queryset)


def _run_for_selected(
    model_admin: Any, request: HttpRequest, queryset: Any, *, action: ObjectAction
) -> None:
    """Run the action on each row in its own savepoint, with a message per failed row."""
    count = 0
    for obj in queryset:
        try:
            if not model_admin.has_right(request, action.right, obj):
                raise Denied
            with translate_database_errors(request):
                action.run(request, obj, {})
            count += 1
        except DomainError as service_error:
            text = "; ".join(problem.detail for problem in service_error.problems)
            model_admin.message_user(request, f"{obj}: {text}", messages.ERROR)
    model_admin.message_user(
        request,
        _("%(label)s: %(count)d done.") % {"label": action.label, "count": count},
        messages.SUCCESS if count else messages.WARNING,
    )
