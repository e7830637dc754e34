"""Tells whoever watches over the businesses' borders which ids and values were refused.

An answer must not say whether a refused id exists in another business. So it is not
looked up while the answer is made: the id is handed to one hook, which records it after
the response. The work here is the same for a foreign id and for one that never existed.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, Protocol

from django.conf import settings
from django.db.models import Model
from django.http import HttpRequest
from django.utils.module_loading import import_string
from rest_framework.request import Request

Kind = Literal["unknown_id", "already_in_use"]


class Hook(Protocol):
    """What `settings.TENANCY_UNKNOWN_ID` names: keeps the attempt for after the answer.

    It is called inside the request's transaction, which may already be broken: it must
    not query, only remember.
    """

    def __call__(
        self, request: HttpRequest, *, kind: Kind, model: str, field: str, value: str
    ) -> None: ...


@cache
def _hook(path: str) -> Hook:
    hook: Hook = import_string(path)
    return hook


def note(
    request: Request | HttpRequest | None,
    *,
    kind: Kind,
    model: type[Model] | str,
    field: str,
    value: Any,
) -> None:
    """Hand one refused id or value to the hook, if there are a hook and a request.

    `model` is the model that was asked for, as class or label (`workforce.employee`);
    `field` is the field of the request. Views and services that refuse ids themselves
    (bulk lists, import rows) call this once for each.
    """
    path: str | None = getattr(settings, "TENANCY_UNKNOWN_ID", None)
    if not path or request is None:
        return
    plain = request._request if isinstance(request, Request) else request
    label = model if isinstance(model, str) else model._meta.label_lower
    _hook(path)(plain, kind=kind, model=label, field=field, value=str(value))


def remember_body(request: Request | HttpRequest | None, values: Any) -> None:
    """Keep what a serializer made of the body, for a refusal that comes from the database later."""
    if request is not None and isinstance(values, Mapping):
        request.read_body = values  # type: ignore[attr-defined]


def value_in_body(request: Request | HttpRequest | None, field: str) -> Any:
    """The value of `field` in the body, normalised if a serializer has read it; '' if there is none.

    What isn't at the top is looked for in the objects inside: `admin.email` of a new business.
    """
    # Not `request.data`: parsing a body that has failed would fail once more.
    raw = getattr(request, "_full_data", None)
    values = getattr(request, "read_body", raw)
    if not isinstance(values, Mapping):
        return ""
    inside = [inner for inner in values.values() if isinstance(inner, Mapping)]
    return next((part[field] for part in (values, *inside) if field in part), "")
