"""The staff's workplace: Django's admin, behind our own sign-in, scope and trail.

Only our own models are registered here; the admins that libraries bring stay out, since they would query tables that no
business's role may touch.
"""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.authentication import DeadEvidence
from accounts.sessions import end_session
from audit.models import AuditEvent
from automatehq.rest.paths import parse_uuid
from businesses.tenancy.admin import SEAL_FIELD, seal

EVENTS_A_PAGE = 50


class Workplace(AdminSite):
    """The admin of one installation."""

    site_header = "AutomateHQ"
    site_title = "AutomateHQ"
    index_title = gettext_lazy("Home")
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active)

    def each_context(self, request: Any) -> dict[str, Any]:
        user = request.user
        return {
            **super().each_context(request),
            "business": getattr(request, "business", None),
            "acting": getattr(user, "acting", None),
            "may": getattr(user, "rights", frozenset()),
            "seal_field": SEAL_FIELD,
            "seal": seal(),
        }

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        inner: Any = super().admin_view(view, cacheable)

        def guarded(request: Any, *args: Any, **kwargs: Any) -> Any:
            _ = (
                request.user.is_active
            )  # reads the row now, so that a dead session is known
            dead: DeadEvidence | None = request.dead_evidence
            if dead is not None:
                return self.refuse_session(request, dead)
            return inner(request, *args, **kwargs)

        guarded.__dict__.update(inner.__dict__)
        return guarded

    def object_history(self, request: Any, model_admin: Any, obj: Any) -> HttpResponse:
        """The object's part of the audit trail, newest first, a page at a time (`?before=<event id>`)."""
        events = AuditEvent.objects.of_entity(obj._meta.model_name, obj.pk)
        before = parse_uuid(request.GET.get("before"))
        if before is not None:
            events = events.filter(pk__lt=before)
        page = list(events.order_by("-id")[: EVENTS_A_PAGE + 1])
        return TemplateResponse(
            request,
            "admin/object_history.html",
            {
                **self.each_context(request),
                "title": _("History of %s") % obj,
                "opts": model_admin.opts,
                "object": obj,
                "events": page[:EVENTS_A_PAGE],
                "has_more": len(page) > EVENTS_A_PAGE,
                "last_id": page[EVENTS_A_PAGE - 1].pk
                if len(page) > EVENTS_A_PAGE
                else None,
            },
        )

    def refuse_session(self, request: HttpRequest, dead: DeadEvidence) -> HttpResponse:
        """401, with the reason; what was typed into a form is shown, so that nothing is lost."""
        if dead.code != "acting_expired":
            end_session(request)
        return TemplateResponse(
            request,
            "admin/session_ended.html",
            {
                "site_header": self.site_header,
                "site_title": self.site_title,
                "title": str(dead.detail),
                "code": dead.code,
                "typed": typed_values(request),
            },
            status=401,
        )


def typed_values(request: HttpRequest) -> list[tuple[str, str]]:
    """What a posted form had in it, without the form's own machinery and without passwords."""
    return [
        (name, value)
        for name, value in request.POST.items()
        if value
        and isinstance(value, str)
        and not name.startswith("_")
        and name != "csrfmiddlewaretoken"
        and "password" not in name
    ]


site = Workplace(name="admin")
