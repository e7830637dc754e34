"""Admin authentication views: sign in and out, password, language, acting."""

from dataclasses import replace
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts.authentication import InvalidCredentials, admit, credentials_of_session
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


class AuthViewsMixin:
    """Mixin of the admin site with the authentication views."""

    def get_auth_urls(self: Any) -> list[URLPattern]:
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
        self: Any, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Sign in by e-mail and password. Rules, limits and errors are those of /api/auth/login."""
        form = SignInForm(request.POST or None)
        refusal: DomainError | None = None
        if request.method == "POST" and form.is_valid():
            try:
                user = sign_in(request, **form.cleaned_data)
            except DomainError as error:
                refusal = error
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
        return with_error_status(response, refusal) if refusal else response

    @method_decorator([never_cache, csrf_protect, require_POST])
    def logout(
        self: Any, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        admin_sessions.end_session(request)
        return HttpResponseRedirect(reverse("admin:login"))

    @method_decorator(sensitive_post_parameters())
    def password_change(
        self: Any, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Change the user's own password and end all sign-ins, including this one."""
        form = PasswordForm(request.POST or None)
        refusal: DomainError | None = None
        if request.method == "POST" and form.is_valid():
            user: Any = request.user
            try:
                check_own_password(request, user, form.cleaned_data["current_password"])
                change_own_password(
                    user=user, new_password=form.cleaned_data["new_password"]
                )
            except DomainError as error:
                refusal = error
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
        return with_error_status(response, refusal) if refusal else response

    @method_decorator(require_POST)
    def language(self: Any, request: HttpRequest) -> HttpResponse:
        """Set the user's language and return to the current page."""
        language = request.POST.get("language")
        if language not in dict(settings.LANGUAGES):
            return HttpResponse(status=400)
        user: Any = request.user
        choose_language(user=user, language=language)
        return HttpResponseRedirect(self._next(request))

    def switch_business(self: Any, request: HttpRequest) -> HttpResponse:
        """List the person's businesses and switch to the chosen one.

        The menu in the header loads only the list, with the header `X-Requested-With`.
        """
        user: Any = request.user
        error: DomainError | None = None
        if request.method == "POST":
            business_id = parse_uuid(request.POST.get("business_id"))
            if business_id is None:
                raise Http404
            try:
                other = enter_business(request, user=user, business_id=business_id)
            except DomainError as caught:
                error = caught
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
            "error": error and error.detail,
        }
        template = (
            "admin/accounts/business_choices.html"
            if request.headers.get("X-Requested-With")
            else "admin/accounts/switch_business.html"
        )
        response = TemplateResponse(request, template, context)
        return with_error_status(response, error) if error else response

    def act_as(self: Any, request: HttpRequest) -> HttpResponse:
        """Start or renew acting for a business.

        It gives an administrator's permissions for one hour.
        """
        user: Any = request.user
        if not user.may("platform.act_as"):
            raise PermissionDenied
        # While the user acts, the scope contains only the business acted for, so the form offers no other.
        present = user.acting
        initial = (
            {"business": present.business, "reason": present.reason}
            if present
            else {"business": request.GET.get("business")}
        )
        form = ActAsForm(request.POST or None, initial=initial, request=request)
        refusal: DomainError | None = None
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
                refusal = error
                form.add_service_errors(error)
            else:
                admin_sessions.start_acting(request, user)
                return HttpResponseRedirect(reverse("admin:index"))
        context = {
            **self.each_context(request),
            "title": _("Act for another hour") if present else _("Act for a business"),
            "form": form,
            "question": _(
                "You get administrator permissions in this business for one hour. Its audit trail records the start, the end, your name and the reason."
            ),
            "button": _("Act for this business"),
        }
        response = TemplateResponse(request, "admin/form_page.html", context)
        return with_error_status(response, refusal) if refusal else response

    @method_decorator([never_cache, csrf_protect, require_POST])
    def stop_acting(self: Any, request: HttpRequest) -> HttpResponse:
        """Stop acting and return to the platform, also after the hour has expired.

        The view is outside `admin_view` because no scope can be opened with an expired session of acting. With `_renew`
        in the request, redirect to the form for another hour.
        """
        credentials = credentials_of_session(request)
        if credentials is None:
            return HttpResponseRedirect(reverse("admin:login"))
        try:
            person = admit(replace(credentials, business_id=None, acting_token=None))
        except InvalidCredentials as dead:
            return self.session_expired_response(request, dead)  # type: ignore[no-any-return]
        acting.stop_acting(user=person.user)
        admin_sessions.stop_acting(request, person.user)
        if _RENEW in request.POST:
            again = urlencode({"business": str(credentials.business_id or "")})
            return HttpResponseRedirect(f"{reverse('admin:act_as')}?{again}")
        return HttpResponseRedirect(reverse("admin:index"))

    def _next(self, request: HttpRequest) -> str:
        """Return the address of the page after sign-in. The index replaces an address on another host."""
        wanted = request.POST.get(_NEXT) or request.GET.get(_NEXT) or ""
        is_ours = url_has_allowed_host_and_scheme(
            wanted,
            allowed_hosts={request.get_host()},
            require_https=request.is_secure(),
        )
        return wanted if is_ours else reverse("admin:index")


def redirect_to_admin(request: HttpRequest) -> HttpResponse:
    """Redirect to the index page of the admin."""
    return HttpResponseRedirect(reverse("admin:index"))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Render the error page of `CSRF_FAILURE_VIEW`.

    The causes are a page that was opened before the last sign-in, or a blocked cookie.
    """
    return TemplateResponse(request, "admin/accounts/csrf_failure.html", status=403)
