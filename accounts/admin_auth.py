"""Admin authentication views: sign in and out, password, language, acting."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts.authentication import (
    InvalidCredentials,
    authenticate_credentials,
    credentials_of_session,
)
from accounts.services import change_own_password, choose_language
from automatehq.admin.form_fields import LineFormField
from automatehq.admin.forms import (
    ServiceErrorsMixin,
    translate_database_errors,
    with_error_status,
)
from automatehq.api.converters import parse_uuid
from automatehq.api.errors import DomainError
from automatehq.api.fields import PASSWORD_LIMIT
from businesses.models import Business

from . import act_as as acting
from . import admin_sessions
from .business_switch import businesses_of, enter_business
from .login import check_own_password, sign_in

_NEXT = "next"
_CHANGED = "password_changed"
_RENEW = "_renew"


def no_items(request: HttpRequest) -> Sequence[object]:
    """Return an empty list: the default of what higher apps add to the site."""
    return ()


class SignInForm(ServiceErrorsMixin, forms.Form):
    # Any text is valid. The password check rejects malformed and unknown addresses with the same error.
    email = LineFormField(
        label=gettext_lazy("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        max_length=PASSWORD_LIMIT,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class PasswordForm(ServiceErrorsMixin, forms.Form):
    current_password = forms.CharField(
        label=gettext_lazy("Current password"),
        strip=False,
        max_length=PASSWORD_LIMIT,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new_password = forms.CharField(
        label=gettext_lazy("New password"),
        strip=False,
        max_length=PASSWORD_LIMIT,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    repeated = forms.CharField(
        label=gettext_lazy("Confirm new password"),
        strip=False,
        max_length=PASSWORD_LIMIT,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_repeated(self) -> str:
        repeated: str = self.cleaned_data["repeated"]
        if repeated != self.cleaned_data.get("new_password", repeated):
            raise forms.ValidationError(_("The new passwords do not match."))
        return repeated


class ActAsForm(ServiceErrorsMixin, forms.Form):
    business = forms.ModelChoiceField(
        label=gettext_lazy("Business"), queryset=Business.objects.listed().active()
    )
    reason = LineFormField(label=gettext_lazy("Reason"), max_length=500)

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        self.request = request
        super().__init__(*args, **kwargs)


class AuthAdminSite(AdminSite):
    """An admin site with its own authentication views."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A higher app describes a posted form for error pages.
        self.describe_posted_form: Callable[[HttpRequest], Sequence[object]] = no_items

    def get_auth_urls(self) -> list[URLPattern]:
        return [
            path("login/", self.login, name="login"),
            path("logout/", self.logout, name="logout"),
            path(
                "password_change/",
                self.admin_view(self.password_change),
                name="password_change",
            ),
            path("language/", self.admin_view(self.language), name="language"),
            path(
                "businesses/switch/",
                self.admin_view(self.switch_business),
                name="switch_business",
            ),
            path("act_as/", self.admin_view(self.act_as), name="act_as"),
            path("stop_acting/", self.stop_acting, name="stop_acting"),
        ]

    @method_decorator(
        [never_cache, csrf_protect, sensitive_post_parameters("password")]
    )
    def login(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Sign in by e-mail and password. Rules, limits and errors are those of /api/auth/login."""
        form = SignInForm(request.POST or None)
        rejection: DomainError | None = None
        if request.method == "POST" and form.is_valid():
            try:
                user = sign_in(request, **form.cleaned_data)
            except DomainError as error:
                rejection = error
                form.add_service_errors(error)
            else:
                admin_sessions.start_session(request, user)
                return HttpResponseRedirect(self._next(request))
        context = {
            **self.each_context(request),
            "title": _("Sign in"),
            "form": form,
            "next": self._next(request),
            "note": _("Password changed. Sign in with the new password.")
            if _CHANGED in request.GET
            else "",
        }
        response = TemplateResponse(request, "admin/accounts/login.html", context)
        return with_error_status(response, rejection) if rejection else response

    @method_decorator([never_cache, csrf_protect, require_POST])
    def logout(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        admin_sessions.end_session(request)
        return HttpResponseRedirect(reverse("admin:login"))

    @method_decorator(sensitive_post_parameters())
    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Change the user's own password and end all sign-ins, including this one."""
        form = PasswordForm(request.POST or None)
        rejection: DomainError | None = None
        if request.method == "POST" and form.is_valid():
            user: Any = request.user
            try:
                check_own_password(request, user, form.cleaned_data["current_password"])
                change_own_password(
                    user=user, new_password=form.cleaned_data["new_password"]
                )
            except DomainError as error:
                rejection = error
                form.add_service_errors(error)
            else:
                admin_sessions.end_session(request)
                return HttpResponseRedirect(f"{reverse('admin:login')}?{_CHANGED}=1")
        context = {
            **self.each_context(request),
            "title": _("Change password"),
            "form": form,
            "question": _("You will be signed out everywhere."),
            "button": _("Change password"),
        }
        response = TemplateResponse(request, "admin/form_page.html", context)
        return with_error_status(response, rejection) if rejection else response

    @method_decorator(require_POST)
    def language(self, request: HttpRequest) -> HttpResponse:
        """Set the user's language and return to the current page."""
        language = request.POST.get("language")
        if language not in dict(settings.LANGUAGES):
            return HttpResponse(status=400)
        user: Any = request.user
        choose_language(user=user, language=language)
        return HttpResponseRedirect(self._next(request))

    def switch_business(self, request: HttpRequest) -> HttpResponse:
        """List the person's businesses and switch to the chosen one.

        The menu in the header loads only the list, with the header `X-Requested-With`.
        """
        user: Any = request.user
        rejection: DomainError | None = None
        if request.method == "POST":
            business_id = parse_uuid(request.POST.get("business_id"))
            if business_id is None:
                raise Http404
            try:
                other = enter_business(request, user=user, business_id=business_id)
            except DomainError as caught:
                rejection = caught
            else:
                admin_sessions.switch_session(
                    request,
                    other,
                    request.credentials,  # type: ignore[attr-defined]
                )
                return HttpResponseRedirect(reverse("admin:index"))
        context = {
            **self.each_context(request),
            "title": _("Switch business"),
            "places": businesses_of(user),
            "error": rejection and rejection.detail,
        }
        template = (
            "admin/accounts/business_choices.html"
            if request.headers.get("X-Requested-With")
            else "admin/accounts/switch_business.html"
        )
        response = TemplateResponse(request, template, context)
        return with_error_status(response, rejection) if rejection else response

    def act_as(self, request: HttpRequest) -> HttpResponse:
        """Start or renew acting for a business.

        It gives an administrator's permissions for one hour.
        """
        user: Any = request.user
        if not user.may("platform.act_as"):
            raise PermissionDenied
        # While the user acts, the scope contains only the business acted for, so the form offers no other.
        acting_now = user.acting
        initial = (
            {"business": acting_now.business, "reason": acting_now.reason}
            if acting_now
            else {"business": request.GET.get("business")}
        )
        form = ActAsForm(request.POST or None, initial=initial, request=request)
        rejection: DomainError | None = None
        if request.method == "POST" and form.is_valid():
            business: Business = form.cleaned_data["business"]
            try:
                with translate_database_errors(request):
                    user = acting.start_acting(
                        user=user,
                        business_id=business.pk,
                        reason=form.cleaned_data["reason"],
                    )
            except DomainError as error:
                rejection = error
                form.add_service_errors(error)
            else:
                admin_sessions.start_acting(request, user)
                return HttpResponseRedirect(reverse("admin:index"))
        context = {
            **self.each_context(request),
            "title": _("Act for another hour")
            if acting_now
            else _("Act for a business"),
            "form": form,
            "question": _(
                "You get administrator permissions in this business for one hour. Its audit trail records the start, the end, your name and the reason."
            ),
            "button": _("Act for this business"),
        }
        response = TemplateResponse(request, "admin/form_page.html", context)
        return with_error_status(response, rejection) if rejection else response

    @method_decorator([never_cache, csrf_protect, require_POST])
    def stop_acting(self, request: HttpRequest) -> HttpResponse:
        """Stop acting and return to the platform, also after the hour has expired.

        The view is outside `admin_view` because no scope can be opened with an expired session of acting. With `_renew`
        in the request, redirect to the form for another hour.
        """
        credentials = credentials_of_session(request)
        if credentials is None:
            return HttpResponseRedirect(reverse("admin:login"))
        try:
            person = authenticate_credentials(
                replace(credentials, business_id=None, acting_token=None)
            )
        except InvalidCredentials as error:
            return self.session_expired_response(request, error)
        acting.stop_acting(user=person.user)
        admin_sessions.stop_acting(request, person.user)
        if _RENEW in request.POST:
            again = urlencode({"business": str(credentials.business_id or "")})
            return HttpResponseRedirect(f"{reverse('admin:act_as')}?{again}")
        return HttpResponseRedirect(reverse("admin:index"))

    def session_expired_response(
        self, request: HttpRequest, error: InvalidCredentials
    ) -> HttpResponse:
        """Return status 401 with the reason. Show the posted values, so that no input is lost."""
        if error.code != "acting_expired":
            admin_sessions.end_session(request)
        context = {
            "site_header": self.site_header,
            "site_title": self.site_title,
            "title": str(error.detail),
            "code": error.code,
            "unsaved_values": self.describe_posted_form(request),
            "may_return": error.code in ("not_authenticated", "token_not_valid"),
            "resubmitted_fields": _resubmittable_fields(request)
            if error.code == "acting_expired"
            else [],
        }
        response = TemplateResponse(
            request, "admin/session_ended.html", context, status=401
        )
        add_never_cache_headers(response)
        return response

    def _next(self, request: HttpRequest) -> str:
        """Return the address of the page after sign-in. The index replaces an address on another host."""
        next_url = request.POST.get(_NEXT) or request.GET.get(_NEXT) or ""
        is_local = url_has_allowed_host_and_scheme(
            next_url,
            allowed_hosts={request.get_host()},
            require_https=request.is_secure(),
        )
        return next_url if is_local else reverse("admin:index")


def _resubmittable_fields(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the fields of a posted form to send again.

    Empty if the form has a file or a password, because no page may contain them.
    """
    if request.FILES or any("password" in name for name in request.POST):
        return []
    return [
        (name, value)
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken"
        for value in values
        if isinstance(value, str)
    ]


def redirect_to_admin(request: HttpRequest) -> HttpResponse:
    """Redirect to the index page of the admin."""
    return HttpResponseRedirect(reverse("admin:index"))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Render the error page of `CSRF_FAILURE_VIEW`.

    The causes are a page that was opened before the last sign-in, or a blocked cookie.
    """
    return TemplateResponse(request, "admin/accounts/csrf_failure.html", status=403)
