"""Every route and method of the API with a meaningful request, as one table.

A cell is the status of the response to the role in its own business (`act`: 403 `act_as_required`).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.api_clients import client_of
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.personas import Personas
from automatehq.api.routing import api_routes
from exports.tests.factories import ExportProfileFactory, ExportRunFactory
from workcards.tests.factories import (
    ClosedMonthFactory,
    DayEntryFactory,
    WorkCardFactory,
    picture,
)
from workforce.tests.factories import EmployeeFactory, SiteFactory

# Routes without authentication, with the reason.
OPEN = {
    "schema": "describes the API, holds no data",
    "docs": "shows the schema",
    "login": "who comes here is not signed in yet",
    "refresh": "the refresh token says who asks",
    "logout": "the refresh token says who asks",
}

# Routes that take files.
FORMS = {"work-card-upload", "employee-import-preview", "employee-import-apply"}

COLUMNS = ("SUPER_ADMIN", "acting", "ADMIN", "REVIEWER", "UPLOADER", "VIEWER")


class World(NamedTuple):
    """A business with its users, and a super-admin: the context of the sample rows."""

    acme: Personas
    super_admin: User

    def client(self, column: str) -> APIClient:
        if column == "SUPER_ADMIN":
            return client_of(self.super_admin)
        if column == "acting":
            return client_of(self.super_admin, acting_for=self.acme.business)
        return client_of(self.acme.user(column))


# The rows that a path names, created in the business's scope.


def user(world: World) -> Any:
    return UserFactory()


def inactive_user(world: World) -> Any:
    return UserFactory(is_active=False)


def business(world: World) -> Any:
    return world.acme.business


def site(world: World) -> Any:
    return SiteFactory(steward=world.acme.business)


def employee(world: World) -> Any:
    return EmployeeFactory()


def inactive_employee(world: World) -> Any:
    return EmployeeFactory(is_active=False)


def card(world: World) -> Any:
    entry = DayEntryFactory(work_card=WorkCardFactory(uploaded=True))
    return entry.work_card


def rejected_card(world: World) -> Any:
    return WorkCardFactory(rejected=True)


def month(world: World) -> Any:
    return ClosedMonthFactory()


def run(world: World) -> Any:
    return ExportRunFactory()


def profile(world: World) -> Any:
    return ExportProfileFactory()


# The request bodies: a dict, or a function of the world and the row in the path.

NEW_USER = {
    "email": "new@acme.example.com",
    "full_name": "New",
    "role": "VIEWER",
    "password": "four other random words",
}
NEW_BUSINESS = {
    "business_name": "New",
    "admin": {name: NEW_USER[name] for name in ("email", "full_name", "password")},
}
NAMED = {"full_name": "Renamed"}
PROFILE = {"name": "Payroll office", "components": {"hours": "100"}}


def own_business(world: World, row: Any) -> dict[str, Any]:
    return {"business_id": str(world.acme.id)}


def own_password(world: World, row: Any) -> dict[str, Any]:
    return {"current_password": PASSWORD, "new_password": NEW_USER["password"]}


def act_as(world: World, row: Any) -> dict[str, Any]:
    return {"business_id": str(world.acme.id), "reason": "Ticket 4711"}


def named_user(world: World, row: Any) -> dict[str, Any]:
    return {"full_name": "Renamed", "email": row.email, "role": row.role}


def new_card(world: World, row: Any) -> dict[str, Any]:
    with world.acme.scope():
        person = EmployeeFactory()
    return {
        "site_id": str(person.site_id),
        "employee_id": str(person.pk),
        "processing_month": "2026-06",
    }


def new_employee(world: World, row: Any) -> dict[str, Any]:
    with world.acme.scope():
        return {"employee_id": str(EmployeeFactory().pk)}


def same_card(world: World, row: Any) -> dict[str, Any]:
    return {"site_id": str(row.site_id), "processing_month": "2026-06", "notes": "N"}


def no_days(world: World, row: Any) -> dict[str, Any]:
    return {"version": row.version, "entries": []}


def seen(world: World, row: Any) -> dict[str, Any]:
    return {"version": row.version}


def unknown_card(world: World, row: Any) -> dict[str, Any]:
    return {"cards": [{"id": str(world.acme.id), "version": 1}]}


def because(world: World, row: Any) -> dict[str, Any]:
    return {"reason": "It can't be read", "version": row.version}


def rejected(world: World, row: Any) -> dict[str, Any]:
    return {"status": "REJECTED", **because(world, row)}


def scan(world: World, row: Any) -> dict[str, Any]:
    with world.acme.scope():
        site_id = str(SiteFactory().pk)
    return {
        "files": [SimpleUploadedFile("card.png", picture())],
        "site_id": site_id,
        "month": "2026-06",
    }


def employee_file(world: World, row: Any) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("people.csv", b"Name,Passport\nNew,X12345\n")}


def other_preview(world: World, row: Any) -> dict[str, Any]:
    return {"hash": "0" * 64, **employee_file(world, row)}


def of_business(world: World) -> dict[str, Any]:
    return {"business_id": str(world.acme.id)}


def typed(world: World) -> dict[str, Any]:
    return {"q": "John"}


def month_of_business(world: World) -> dict[str, Any]:
    return {"month": "2026-06", **of_business(world)}


def csv_of_business(world: World) -> dict[str, Any]:
    return {"type": "csv", **of_business(world)}


class Row(NamedTuple):
    method: str
    route: str
    cells: str
    target: Callable[[World], Any] | None = None
    body: dict[str, Any] | Callable[[World, Any], dict[str, Any]] | None = None
    query: Callable[[World], dict[str, Any]] | None = None

    def expected(self, column: str) -> str:
        return self.cells.split()[COLUMNS.index(column)]


# fmt: off
TABLE = [
    #                                   SUPER act ADMIN REVIEWER UPLOADER VIEWER
    Row("GET", "me",                    "200 200 200 200 200 200"),
    Row("POST", "password",             "204 204 204 204 204 204", None, own_password),
    Row("GET", "auth-businesses",       "200 200 200 200 200 200"),
    Row("POST", "switch",               "400 400 200 200 200 200", None, own_business),
    Row("POST", "act-as",               "200 200 403 403 403 403", None, act_as),
    Row("DELETE", "act-as",             "204 204 403 403 403 403"),

    Row("GET", "user-list",             "200 200 200 403 403 403"),
    Row("POST", "user-list",            "act 201 201 403 403 403", None, NEW_USER),
    Row("GET", "user-detail",           "200 200 200 403 403 403", user),
    Row("PUT", "user-detail",           "act 200 200 403 403 403", user, named_user),
    Row("PATCH", "user-detail",         "act 200 200 403 403 403", user, NAMED),
    Row("DELETE", "user-detail",        "act 204 204 403 403 403", user),
    Row("POST", "user-activate",        "act 200 200 403 403 403", inactive_user),
    Row("POST", "user-deactivate",      "act 200 200 403 403 403", user),
    Row("POST", "user-release",         "act 200 200 403 403 403", inactive_user),

    Row("GET", "business-list",         "200 200 200 200 200 200"),
    Row("POST", "business-list",        "201 403 403 403 403 403", None, NEW_BUSINESS),
    Row("GET", "business-detail",       "200 200 200 200 200 200", business),
    Row("PUT", "business-detail",       "200 200 200 403 403 403", business, {"business_name": "B"}),
    Row("PATCH", "business-detail",     "200 200 200 403 403 403", business, {"language": "he"}),
    Row("DELETE", "business-detail",    "204 403 403 403 403 403", business),
    Row("GET", "business-settings",     "200 200 200 200 200 200", business),
    Row("PATCH", "business-settings",   "200 200 200 403 403 403", business, {"on_long_day": "refuse"}),
    Row("POST", "business-activate",    "200 403 403 403 403 403", business),
    Row("POST", "business-deactivate",  "200 403 403 403 403 403", business),

    Row("GET", "audit-event-list",      "200 200 200 200 403 200"),

    Row("GET", "site-list",             "200 200 200 200 200 200"),
    Row("POST", "site-list",            "201 201 201 403 403 403", None, {"site_name": "New"}),
    Row("GET", "site-detail",           "200 200 200 200 200 200", site),
    Row("PUT", "site-detail",           "200 200 200 403 403 403", site, {"site_name": "Renamed"}),
    Row("PATCH", "site-detail",         "200 200 200 403 403 403", site, {"site_name": "Renamed"}),
    Row("DELETE", "site-detail",        "204 403 403 403 403 403", site),
    Row("POST", "site-activate",        "200 403 403 403 403 403", site),
    Row("POST", "site-deactivate",      "200 403 403 403 403 403", site),
    Row("GET", "site-settings",         "200 200 200 200 200 200", site, None, of_business),
    Row("PUT", "site-settings",         "act 200 200 200 403 403", site, {"is_hidden": True}),
    Row("PATCH", "site-settings",       "act 200 200 200 403 403", site, {"is_hidden": True}),

    Row("GET", "employee-list",         "200 200 200 200 200 200"),
    Row("POST", "employee-list",        "act 201 201 201 403 403", None, NAMED),
    Row("GET", "employee-detail",       "200 200 200 200 200 200", employee),
    Row("PUT", "employee-detail",       "act 200 200 200 403 403", employee, NAMED),
    Row("PATCH", "employee-detail",     "act 200 200 200 403 403", employee, NAMED),
    Row("DELETE", "employee-detail",    "act 204 204 204 403 403", employee),
    Row("POST", "employee-activate",    "act 200 200 200 403 403", inactive_employee),
    Row("POST", "employee-deactivate",  "act 200 200 200 403 403", employee),
    Row("POST", "employee-release",     "act 200 200 403 403 403", inactive_employee),

    Row("POST", "employee-import-preview", "act 200 200 200 403 403", None, employee_file),
    Row("POST", "employee-import-apply", "act 409 409 409 403 403", None, other_preview),
    Row("GET", "employee-export",       "200 200 200 200 200 200", None, None, csv_of_business),

    Row("GET", "work-card-list",        "200 200 200 200 200 200"),
    Row("POST", "work-card-list",       "act 201 201 201 201 403", None, new_card),
    Row("POST", "work-card-upload",     "act 201 201 201 201 403", None, scan),
    Row("POST", "work-card-bulk-approve", "act 200 200 200 403 403", None, unknown_card),
    Row("GET", "work-card-pending",     "200 200 200 200 200 200"),
    Row("GET", "work-card-unassigned",  "200 200 200 200 200 200"),
    Row("GET", "work-card-detail",      "200 200 200 200 200 200", card),
    Row("PUT", "work-card-detail",      "act 200 200 200 200 403", card, same_card),
    Row("PATCH", "work-card-detail",    "act 200 200 200 200 403", card, {"notes": "N"}),
    Row("DELETE", "work-card-detail",   "act 204 204 403 403 403", card),  # of another user
    Row("GET", "work-card-suggestions", "403 200 200 200 200 403", card, None, typed),
    Row("POST", "work-card-assign",     "act 200 200 200 200 403", card, new_employee),
    Row("POST", "work-card-approve",    "act 200 200 200 403 403", card, seen),
    Row("POST", "work-card-reject",     "act 200 200 200 403 403", card, because),
    Row("POST", "work-card-reopen",     "act 200 200 200 403 403", rejected_card, because),
    Row("PUT", "work-card-status",      "act 200 200 200 403 403", card, rejected),
    Row("GET", "work-card-day-entries", "200 200 200 200 200 200", card),
    Row("PUT", "work-card-day-entries", "act 200 200 200 403 403", card, no_days),
    Row("PATCH", "work-card-day-entries", "act 200 200 200 403 403", card, no_days),
    Row("GET", "work-card-file",        "200 200 200 200 200 200", card),

    Row("GET", "missing",               "200 200 200 200 200 200", None, None, month_of_business),
    Row("GET", "matrix",                "200 200 200 200 200 200", None, None, month_of_business),
    Row("GET", "site-matrix",           "200 200 200 200 200 200", site, None, month_of_business),
    Row("GET", "month-list",            "200 200 200 200 200 200", None, None, of_business),
    Row("POST", "month-close",          "act 200 200 200 403 403", month, {"force": True, "note": "N"}),
    Row("POST", "month-reopen",         "act 200 200 403 403 403", month, {"reason": "R"}),

    Row("GET", "export-run-list",       "200 200 200 200 403 200"),
    Row("POST", "export-run-list",      "act 202 202 202 403 403", None,
        {"kind": "days_csv", "processing_month": "2026-06"}),
    Row("GET", "export-run-detail",     "200 200 200 200 403 200", run),
    Row("GET", "export-run-file",       "409 409 409 409 403 409", run),  # no file yet
    Row("GET", "export-run-changes",    "409 409 409 409 403 409", run),
    Row("GET", "export-profile-list",   "200 200 200 200 403 200"),
    Row("POST", "export-profile-list",  "act 201 201 201 403 403", None, PROFILE),
    Row("GET", "export-profile-detail", "200 200 200 200 403 200", profile),
    Row("PUT", "export-profile-detail", "act 200 200 200 403 403", profile, PROFILE),
    Row("PATCH", "export-profile-detail", "act 200 200 200 403 403", profile, {"name": "Other"}),
    Row("DELETE", "export-profile-detail", "act 204 204 204 403 403", profile),

    Row("GET", "dashboard",             "200 200 200 200 200 200"),
]
# fmt: on

ROUTES = {route.name: route for route in api_routes()}


def send(row: Row, client: APIClient, world: World) -> Any:
    with world.acme.scope():
        target = row.target(world) if row.target else None
    body = row.body(world, target) if callable(row.body) else row.body
    path = f"/api/{ROUTES[row.route].path}".replace(
        "<id:pk>", str(target and target.pk)
    ).replace("<month:month>", str(target))
    if row.method == "GET":
        return client.get(path, row.query(world) if row.query else None)
    how = {"format": "multipart"} if row.route in FORMS else {}
    return getattr(client, row.method.lower())(path, body, **how)
