"""A valid request for every endpoint and method.

If the same request with another id fails, the id is the cause.

Requests to the API come from the table of endpoints and roles. Requests to the admin are built as a browser builds them:
fetch the page and submit its forms with their initial values. An endpoint or method without a case is a problem.
`EXEMPT` lists the endpoints that need no case, with the reason.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.forms.models import ModelChoiceField

from accounts.tests.factories import PASSWORD
from automatehq.admin.forms import FilesField, MonthFormField
from tests import api_cases
from workcards.tests.factories import picture

from .endpoints import Endpoint
from .tenants import Tenant

# Endpoints without a case, with the reason. A test counts the entries; add none.
EXEMPT = {
    "admin-without-slash": "a redirect to the first admin page",
}


# Method and page → the reason why the request fails for all roles. A test counts the entries; add none.
ALWAYS_REJECTED = {
    "POST api/auth/login": "sent with a wrong password: the right one would sign in to that business",
    "POST admin/login/": "sent without a password: the right one would sign in to that business",
    "POST api/auth/refresh": "sent with a malformed token",
    "POST api/auth/logout": "sent with a malformed token",
    "any audit_auditevent_add": "the trail is written by services",
    "any audit_auditevent_delete": "the trail is append-only",
    "any audit_auditevent_history": "the trail is the history",
    "POST audit_auditevent_change": "the trail is append-only",
    "any workcards_approvedday_add": "the ledger is written by approving",
    "any workcards_approvedday_delete": "the ledger is written by approving",
    "any workcards_approvedday_history": "the card's history contains it",
    "POST workcards_approvedday_change": "the ledger is written by approving",
    "any workcards_closedmonth_delete": "a month is reopened, with a reason",
    "POST workcards_closedmonth_change": "a month is reopened, with a reason",
    "any exports_exportrun_delete": "exported files stay",
    "POST exports_exportrun_change": "exported files stay",
    "any accounts_user_delete": "deactivated and never deleted",
    "any businesses_business_delete": "deactivated and never deleted",
    "any workforce_employee_delete": "deactivated and never deleted",
    "any workforce_site_delete": "deactivated and never deleted",
    "any workforce_sitesettings_delete": "edited and never deleted",
}


class NoCase(LookupError):
    """The error for an endpoint without a case: no request of the owner is known."""


@dataclass(frozen=True)
class CaseRequest:
    """A request. `body` holds JSON data or the values of a form."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    is_form: bool = False
    # Follow redirects, as a browser does.
    follow_redirects: bool = False

    def send(self, client: Any) -> Any:
        """Send the request with `client`; return the response."""
        if self.method == "GET":
            return client.get(self.path, dict(self.query))
        options = {"format": "multipart"} if self.is_form else {}
        path = self.path
        if self.query:
            path += "?" + "&".join(f"{k}={v}" for k, v in self.query.items())
        body = rewind_files(self.body)
        if hasattr(client, "send"):  # an admin client, which adds the form token
            return client.send(path, body or {}, follow=self.follow_redirects)
        return getattr(client, self.method.lower())(path, body, **options)

    def with_query(self, name: str, value: object) -> "CaseRequest":
        return replace(self, query={**self.query, name: value})

    def with_body_value(self, path: tuple[Any, ...], value: object) -> "CaseRequest":
        """Return the request with `value` in the body at `path`.

        `path` is a path of keys and indexes. Its last key may be new.
        """
        body = copy.copy(self.body) if self.is_form else copy.deepcopy(self.body)
        body = {} if body is None else dict(body)
        *parents, last = path
        container: Any = body
        for step in parents:
            container = container[step]
        container[last] = value
        return replace(self, body=body)

    def has_body_value(self, path: tuple[Any, ...]) -> bool:
        """Return True if the body has a value at `path` that is not empty."""
        value = self.body
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return False
        return bool(value)


def rewind_files(body: Any) -> Any:
    """Return `body` after rewinding its files to the beginning."""
    for value in body.values() if isinstance(body, dict) else ():
        for file in value if isinstance(value, list) else [value]:
            if isinstance(file, SimpleUploadedFile):
                file.seek(0)
    return body


# The API


def get_api_rows() -> dict[tuple[str, str], api_cases.Row]:
    """Return the rows of the API's table by (method, route)."""
    return {(row.method, row.route): row for row in api_cases.TABLE}


def make_api_request(
    row: api_cases.Row, endpoint: Endpoint, tenant: Tenant
) -> Callable[[object], CaseRequest]:
    """Return a function that builds the owner's request about the row with a given id."""
    body = tenant.body(row)
    query = row.query(tenant.case_context) if row.query else {}
    is_form = row.route in api_cases.FORMS

    def make_request(value: object) -> CaseRequest:
        return CaseRequest(row.method, endpoint.url_for(value), query, body, is_form)

    return make_request


# Bodies for the sign-in routes, which the table does not contain: a user's e-mail address with a wrong password.
SIGN_IN_BODIES: dict[str, dict[str, Any]] = {
    "login": {"email": "admin@acme.example.com", "password": "not the password"},
    "refresh": {"refresh": "not.a.token"},
    "logout": {"refresh": "not.a.token"},
}

# The admin

# Pages that need a row in a different state from the default row of the model.
ADMIN_TARGETS: dict[str, Callable[[Any], Any]] = {
    "accounts_user_activate": api_cases.inactive_user,
    "accounts_user_release": api_cases.inactive_user,
    "accounts_user_change": api_cases.user,
    "accounts_user_deactivate": api_cases.user,
    "workforce_employee_activate": api_cases.inactive_employee,
    "workforce_employee_release": api_cases.inactive_employee,
    "workforce_employee_deactivate": api_cases.employee,
    "workcards_workcard_reopen": api_cases.rejected_card,
    **{
        f"workcards_workcard_{page}": api_cases.card
        for page in ("change", "approve", "assign", "unassign", "edit", "reject")
    },
}
# Query parameters that pages require.
ADMIN_QUERIES: dict[str, dict[str, str]] = {
    "autocomplete": {
        "app_label": "workcards",
        "model_name": "workcard",
        "field_name": "employee",
        "term": "",
    },
    "find": {"q": "e"},  # occurs in a row of every list
    "missing_cards": {"month": "2026-06"},
    "matrix": {"month": "2026-06"},
    "exports_exportrun_preview": {
        "kind": "days_csv",
        "processing_month": "2026-06",
    },
}
# Values for form fields that need a valid value.
ADMIN_VALUES = {
    "email": "new@acme.example.com",
    "admin_email": "new@acme.example.com",
    "current_password": PASSWORD,
    "new_password": api_cases.NEW_USER["password"],
    "repeated": api_cases.NEW_USER["password"],
    "admin_password": api_cases.NEW_USER["password"],
    "month": "2018-03",
    "code_hours": "100",
}
# Values that replace those of a single page: a value, or a function that creates the row.
ADMIN_PAGE_VALUES: dict[str, dict[str, Any]] = {
    "workforce_sitesettings_add": {"site": api_cases.site},  # has no settings yet
    "exports_exportrun_add": {"kind": "payroll_csv"},  # which takes a profile
    "language": {"language": "en"},  # chosen in a menu that every page has
    "switch_business": {"business_id": api_cases.business},  # chosen with a button
}


def get_admin_row(endpoint: Endpoint, tenant: Tenant) -> Any:
    """Return the row that the requests to an admin page refer to."""
    if make := ADMIN_TARGETS.get(endpoint.name):
        return tenant.target(make)
    return tenant.rows[endpoint.model]


def fill_forms(
    endpoint: Endpoint, page_forms: list[forms.BaseForm], tenant: Tenant, row: Any
) -> dict[str, Any]:
    """Return the data that a browser submits for these forms.

    Every required field has a value.
    """
    values: dict[str, Any] = {"post": "yes", "reason": "Why not"}
    if hasattr(row, "version"):
        values["version"] = row.version
    for form in page_forms:
        for name, form_field in form.fields.items():
            value = _form_value(form, name, form_field, tenant)
            if value is not None:
                values[form.add_prefix(name)] = value
    for name, own in ADMIN_PAGE_VALUES.get(endpoint.name, {}).items():
        values[name] = str(tenant.target(own).pk) if callable(own) else own
    return values


def _form_value(form: Any, name: str, form_field: forms.Field, tenant: Tenant) -> Any:
    initial = form_field.prepare_value(form.get_initial_for_field(form_field, name))
    if isinstance(form_field, forms.BooleanField):
        return "on" if initial else None
    if initial not in (None, "", []):
        return initial
    if name in ADMIN_VALUES:
        return ADMIN_VALUES[name]
    needs_value = form_field.required or isinstance(form_field, ModelChoiceField)
    return _sample_value(form_field, tenant) if needs_value else None


def _sample_value(form_field: forms.Field, tenant: Tenant) -> Any:
    match form_field:
        case ModelChoiceField():
            model: Any = form_field.queryset.model  # type: ignore[union-attr]
            return str(tenant.rows[model._meta.label_lower].pk)
        case forms.ChoiceField():
            choices: Any = form_field.choices
            return next(value for value, _label in choices if value)
        case FilesField():
            return [SimpleUploadedFile("card.png", picture())]
        case forms.FileField():
            return SimpleUploadedFile("people.csv", b"Name,Passport\nNew,X12345\n")
        case MonthFormField():
            return "2018-03"
        case forms.DateField():
            return "2026-06-01"
        case forms.IntegerField() | forms.DecimalField():
            return form_field.min_value or 1
        case _:
            return "Sample"
