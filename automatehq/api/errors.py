"""Errors of services, and the tables that convert database errors to them.

An error response under `/api` has the body `{"type", "errors": [{"code", "detail", "attr"}]}`, the format of
drf-standardized-errors. An error with additional data adds members beside `errors`: `raise Conflict("stale_version",
"…", card=…)`. `attr` is the path of the field (`entries.3.from_time`), or null for an error of the whole request.

The classes do not depend on a request: the admin and the commands catch the same `DomainError` and read its
`problems`. Any module may import this one, also a module of models. `exception_handler.py` builds the responses.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import psycopg2
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import DatabaseError, Error, InterfaceError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, status

# A message, translated immediately or when it is rendered.
Text = str | Promise

# The value of WWW-Authenticate in a 401 response.
AUTH_HEADER = 'Bearer realm="api"'


class Problem(NamedTuple):
    """A problem: a code for programs, a message for users, the field."""

    code: str
    detail: str
    attr: str | None = None


class DomainError(exceptions.APIException):
    """A request that violates a rule; a subclass sets the status.

    `extra` is added beside `errors` in the response and must be serializable as JSON.
    """

    status_code: int = status.HTTP_409_CONFLICT

    def __init__(
        self, code: str, detail: Text, attr: str | None = None, **extra: Any
    ) -> None:
        super().__init__(str(detail), code)
        self.problems = [Problem(code, str(detail), attr)]
        self.extra = extra

    @classmethod
    def from_problems(cls, problems: Iterable[Problem], **extra: Any) -> "DomainError":
        """Return an error with several problems."""
        problems = list(problems)
        error = cls(*problems[0], **extra)
        error.problems = problems
        return error

    @property
    def code(self) -> str:
        return self.problems[0].code

    @property
    def attr(self) -> str | None:
        return self.problems[0].attr


class Conflict(DomainError):
    """409: a valid request that conflicts with the current state."""


class Invalid(DomainError):
    """400: a value that is invalid in every state; `attr` names the field."""

    status_code = status.HTTP_400_BAD_REQUEST


_NOT_ALLOWED = _("You do not have permission to perform this action.")


class Denied(DomainError):
    """403: the user's role or the kind of sign-in lacks the permission."""

    status_code = status.HTTP_403_FORBIDDEN

    def __init__(
        self,
        code: str = "permission_denied",
        detail: Text = _NOT_ALLOWED,
        attr: str | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(code, detail, attr, **extra)


class Missing(DomainError):
    """404 for a resource other than a row, such as a file missing from storage.

    For a row raise `Http404`, so that all missing rows give the same response.
    """

    status_code = status.HTTP_404_NOT_FOUND


class TooMany(DomainError):
    """429: too many requests; `wait` is the number of seconds for the Retry-After header."""

    status_code = status.HTTP_429_TOO_MANY_REQUESTS

    def __init__(
        self, code: str, detail: Text, *, wait: float | None = None, **extra: Any
    ) -> None:
        super().__init__(code, detail, **extra)
        self.wait = wait


class Unavailable(DomainError):
    """503: the database is unreachable or read-only. `wait` is the number of seconds for the Retry-After header."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    wait = 5


class Rule(NamedTuple):
    """The error of a violated constraint: field, code, message and class."""

    field: str | None
    code: str
    detail: Text
    error: type[DomainError] = Invalid


IN_USE_CODE = "already_in_use"
IN_USE_DETAIL = _("This value is already in use.")


class AlreadyInUse(Invalid):
    """400 for a value that a query found in a row of any business before the write."""

    def __init__(self, model: str, field: str, value: str) -> None:
        super().__init__(IN_USE_CODE, IN_USE_DETAIL, field)
        self.model = model
        self.value = value


# Unique constraint → field. Apps add their constraints beside the models: `UNIQUE_FIELDS.update({"users_email_key":
# "email"})`.
UNIQUE_FIELDS: dict[str, str] = {}

_ErrorTemplate = tuple[type[DomainError], str, Text]
_BUSY: _ErrorTemplate = (
    Conflict,
    "busy",
    _("Another user is changing this. Try again."),
)
_UNREACHABLE: _ErrorTemplate = (
    Unavailable,
    "database_unavailable",
    _("The service is not available right now. Try again in a few seconds."),
)
_READ_ONLY: _ErrorTemplate = (
    Unavailable,
    "database_read_only",
    _("Changes cannot be saved right now. Try again in a few seconds."),
)
# SQLSTATE, or its class of two characters → the error of a request that may succeed on a retry.
SQLSTATES: dict[str, _ErrorTemplate] = {
    "40001": _BUSY,  # serialization failure
    "40P01": _BUSY,  # deadlock
    "55P03": _BUSY,  # lock not available
    "08": _UNREACHABLE,  # connection exceptions, including those of pgbouncer
    "53": _UNREACHABLE,  # too many connections, disk full, out of memory
    "57P01": _UNREACHABLE,  # shut down by an administrator
    "57P02": _UNREACHABLE,  # crash of another session
    "57P03": _UNREACHABLE,  # starting up, shutting down or in recovery
    "57P05": _UNREACHABLE,  # idle session timeout
    "25P03": _UNREACHABLE,  # idle in transaction timeout
    "25006": _READ_ONLY,  # a read-only transaction or a standby
}
# Classes that psycopg2 raises without a SQLSTATE when a connection is missing or broken.
_BROKEN = (psycopg2.OperationalError, psycopg2.DatabaseError)
_CLOSED = "connection already closed"

# Any other constraint (check, exclusion, or the name that a trigger reports) → its error.
CONSTRAINT_ERRORS: dict[str, Rule] = {}

# Exceptions of lower layers, which do not know HTTP → function that returns the API's exception.
CONVERTERS: dict[type[Exception], Callable[[Any], exceptions.APIException]] = {}


def broken_constraint(error: DatabaseError) -> str:
    """Return the name of the constraint that the database reported, or ""."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or ""


def already_in_use(error: DatabaseError) -> str | None:
    """Return the field whose value another row already has; None for another violation.

    The result does not depend on the other row's business, so that the response does not reveal it.
    """
    return UNIQUE_FIELDS.get(broken_constraint(error))


def error_from_database(error: DatabaseError) -> DomainError | None:
    """Return the error that a user can act on, or None if the violation is a bug.

    The API responds with it; admin forms show it on its field: `form.add_error(service_error.attr, service_error.detail)`.
    """
    if field := already_in_use(error):
        return Invalid(IN_USE_CODE, IN_USE_DETAIL, field)
    if rule := CONSTRAINT_ERRORS.get(broken_constraint(error)):
        return rule.error(rule.code, rule.detail, rule.field)
    service_error = _error_from_sqlstate(error)
    return None if isinstance(service_error, Unavailable) else service_error


def outage_of(error: BaseException | None) -> Unavailable | None:
    """Return the 503 for an unreachable or read-only database; None for another error.

    Also checks the causes and contexts of `error`, such as the error before a failed rollback or a broken
    transaction.
    """
    visited: set[int] = set()
    while error is not None and id(error) not in visited:
        visited.add(id(error))
        if isinstance(error, Error):
            outage = _error_from_sqlstate(error)
            if isinstance(outage, Unavailable):
                return outage
        error = error.__cause__ or error.__context__
    return None


def _error_from_sqlstate(error: Error) -> DomainError | None:
    cause = error.__cause__
    state = getattr(cause, "pgcode", None)
    if state is None:
        is_broken = type(cause) in _BROKEN or (
            isinstance(error, InterfaceError) and _CLOSED in str(error)
        )
        template = _UNREACHABLE if is_broken else None
    else:
        template = SQLSTATES.get(state) or SQLSTATES.get(state[:2])
    if template is None:
        return None
    kind, code, detail = template
    return kind(code, detail)


def problems_of_validation(error: ValidationError) -> list[Problem]:
    """Return the problems of a Django ValidationError.

    A uniqueness error gets the code and message of a violated unique constraint.
    """
    by_field = (
        error.error_dict
        if hasattr(error, "error_dict")
        else {NON_FIELD_ERRORS: error.error_list}
    )
    problems = []
    for field, errors in by_field.items():
        attr = None if field == NON_FIELD_ERRORS else field
        for one in errors:
            if one.code in ("unique", "unique_together"):
                problems.append(Problem(IN_USE_CODE, str(IN_USE_DETAIL), attr))
            else:
                problems.extend(
                    Problem(one.code or "invalid", message, attr)
                    for message in one.messages
                )
    return problems
