"""Reports of rejected ids and values, for the audit of cross-business access.

A response must not reveal whether a rejected id exists in another business. So the id is not looked up before the
response. A hook receives the id and records it after the response. The cost is the same for an id of another business
and for an unknown id.
"""

from collections.abc import Mapping
from functools import cache
from typing import Literal, Protocol

from django.conf import settings
from django.db.models import Model
from django.http import HttpRequest
from django.utils.module_loading import import_string
from rest_framework.request import Request

Kind = Literal["unknown_id", "already_in_use"]


class Hook(Protocol):
    """The function that `settings.TENANCY_UNKNOWN_ID` names; stores the attempt until after the response.

    It is called inside the request's transaction, which may already be broken. So it must not query the database.
    """

    def __call__(
        self, request: HttpRequest, *, kind: Kind, model: str, field: str, value: str
    ) -> None: ...


@cache
def _hook(path: str) -> Hook:
    hook: Hook = import_string(path)
    return hook


def report_rejected_value(
    request: Request | HttpRequest | None,
    *,
    kind: Kind,
    model: type[Model] | str,
    field: str,
    value: object,
) -> None:
    """Pass a rejected id or value to the hook, if there are a hook and a request.

    `model` is the model of the id, as a class or a label (`workforce.employee`). `field` is the field of the request.
    Views and services that reject ids themselves (bulk lists, import rows) call this once for each id.
    """
    path: str | None = getattr(settings, "TENANCY_UNKNOWN_ID", None)
    if not path or request is None:
        return
    plain = request._request if isinstance(request, Request) else request
    label = model if isinstance(model, str) else model._meta.label_lower
    _hook(path)(plain, kind=kind, model=label, field=field, value=str(value))


def store_validated_body(request: Request | HttpRequest | None, values: object) -> None:
    """Store a serializer's validated data on the request, for a later database error."""
    if request is not None and isinstance(values, Mapping):
        request.validated_body = values  # type: ignore[attr-defined]


def value_in_body(request: Request | HttpRequest | None, field: str) -> object:
    """Return the value of `field` in the body, normalised by a serializer if possible; "" if absent.

    A field that is not at the top level is searched in nested objects: `admin.email` of a new business.
    """
    # Not `request.data`: parsing a malformed body would fail again.
    raw = getattr(request, "_full_data", None)
    values = getattr(request, "validated_body", raw)
    if not isinstance(values, Mapping):
        return ""
    inside = [inner for inner in values.values() if isinstance(inner, Mapping)]
    return next((part[field] for part in (values, *inside) if field in part), "")
