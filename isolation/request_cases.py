"""A valid request for every endpoint and method.

If the same request with another id fails, the id is the cause.

Requests to the API come from the table of routes and roles. Requests to the admin are built as a browser builds them:
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
from automatehq.admin.forms import FilesField, MonthField
from tests import api_cases
from workcards.tests.factories import picture

from .endpoints import Door
from .tenants import Side

# Endpoints without a case, with the reason. A test counts the entries; add none.
EXEMPT = {
    "admin-without-slash": "the front door once more",
}


@dataclass(frozen=True)
class Sent:
    """A request. `body` holds JSON data or the values of a form."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    is_form: bool = False
    # Follow redirects, as a browser does.
    follows: bool = False

    def to(self, client: Any) -> Any:
        """Send the request with `client`; return the response."""
        if self.method == "GET":
            return client.get(self.path, dict(self.query))
        how = {"format": "multipart"} if self.is_form else {}
        path = self.path
        if self.query:
            path += "?" + "&".join(f"{k}={v}" for k, v in self.query.items())
        body = rewound(self.body)
        if hasattr(client, "send"):  # an admin client, which adds the form token
            return client.send(path, body or {}, follow=self.follows)
        return getattr(client, self.method.lower())(path, body, **how)

    def asking(self, name: str, value: object) -> "Sent":
        return replace(self, query={**self.query, name: value})

    def saying(self, place: tuple[Any, ...], value: object) -> "Sent":
        """Return the request with `value` in the body at `place`.

        `place` is a path of keys and indexes. Its last key may be new.
        """
        body = copy.copy(self.body) if self.is_form else copy.deepcopy(self.body)
        body = {} if body is None else dict(body)
        *outer, last = place
        into: Any = body
        for step in outer:
            into = into[step]
        into[last] = value
        return replace(self, body=body)


def rewound(body: Any) -> Any:
    """Return `body` after rewinding its files to the beginning."""
    for value in body.values() if isinstance(body, dict) else ():
        for file in value if isinstance(value, list) else [value]:
            if isinstance(file, SimpleUploadedFile):
                file.seek(0)
    return body


# The API


def api_rows() -> dict[tuple[str, str], api_cases.Row]:
    """Return the rows of the API's table by (method, route)."""
    return {(row.method, row.route): row for row in api_cases.TABLE}


def api_case(row: api_cases.Row, door: Door, side: Side) -> Callable[[object], Sent]:
    """Return a function that builds the owner's request about the row with a given id."""
    body = side.body(row)
    query = row.query(side.world) if row.query else {}
    is_form = row.route in api_cases.FORMS

    def about(value: object) -> Sent:
        return Sent(row.method, door.at(value), query, body, is_form)

    return about


# Bodies for the sign-in routes, which the table does not contain: a user's e-mail address with a wrong password.
OPEN_BODIES: dict[str, dict[str, Any]] = {
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
ADMIN_OWN_VALUES: dict[str, dict[str, Any]] = {
    "workforce_sitesettings_add": {"site": api_cases.site},  # has no settings yet
    "exports_exportrun_add": {"kind": "payroll_csv"},  # which takes a profile
    "language": {"language": "en"},  # chosen in a menu that every page has
}


def admin_row(door: Door, side: Side) -> Any:
    """Return the row that the requests to an admin page refer to."""
    if make := ADMIN_TARGETS.get(door.name):
        return side.target(make)
    return side.rows[door.model]


def filled(
    door: Door, found: list[forms.BaseForm], side: Side, row: Any
) -> dict[str, Any]:
    """Return the data that a browser submits for these forms.

    Every required field has a value.
    """
    values: dict[str, Any] = {"post": "yes", "reason": "Why not"}
    if hasattr(row, "version"):
        values["version"] = row.version
    for form in found:
        for name, one in form.fields.items():
            value = _value_of(form, name, one, side)
            if value is not None:
                values[form.add_prefix(name)] = value
    for name, own in ADMIN_OWN_VALUES.get(door.name, {}).items():
        values[name] = str(side.target(own).pk) if callable(own) else own
    return values


def _value_of(form: Any, name: str, one: forms.Field, side: Side) -> Any:
    initial = one.prepare_value(form.get_initial_for_field(one, name))
    if isinstance(one, forms.BooleanField):
        return "on" if initial else None
    if initial not in (None, "", []):
        return initial
    if name in ADMIN_VALUES:
        return ADMIN_VALUES[name]
    is_wanted = one.required or isinstance(one, ModelChoiceField)
    return _sample(one, side) if is_wanted else None


def _sample(one: forms.Field, side: Side) -> Any:
    match one:
        case ModelChoiceField():
            model: Any = one.queryset.model  # type: ignore[union-attr]
            return str(side.rows[model._meta.label_lower].pk)
        case forms.ChoiceField():
            choices: Any = one.choices
            return next(value for value, _label in choices if value)
        case FilesField():
            return [SimpleUploadedFile("card.png", picture())]
        case forms.FileField():
            return SimpleUploadedFile("people.csv", b"Name,Passport\nNew,X12345\n")
        case MonthField():
            return "2018-03"
        case forms.DateField():
            return "2026-06-01"
        case forms.IntegerField() | forms.DecimalField():
            return one.min_value or 1
        case _:
            return "Sample"
