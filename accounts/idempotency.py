"""Idempotent create requests: the Idempotency-Key header.

A client that lost the response to a create request sends the request again with the same key. It gets the first
response, and no second row is created. The key and the response are stored in the transaction that creates the row, so
that both exist or neither. A rejected request is rolled back and leaves no key.
"""

import functools
import hashlib
import json
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import IdempotencyKey
from automatehq.advisory_locks import acquire_slot, try_transaction_lock_within
from automatehq.api.errors import Conflict, DomainError, Invalid
from automatehq.api.renderers import JSONRenderer
from businesses.tenancy.context import (
    business_scope,
    platform_scope,
    try_get_business_id,
)

HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
MAX_LENGTH = 255
LIFETIME = timedelta(hours=24)
WAIT_SECONDS = 5.0
# The number of waiting requests of a business at a time: each occupies a thread and a connection.
MAX_WAITING = 3

IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description=(
        "A random string chosen by the client, at most 255 characters. A repeated request with the same key "
        "within 24 hours gets the first response with the header `Idempotent-Replayed: true`, and creates "
        "nothing."
    ),
)

View = TypeVar("View", bound=Callable[..., Response])


class KeyReused(DomainError):
    """422: the key belongs to an earlier request with another path or body."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY


def idempotent(method: View) -> View:
    """Make a create method answer a repeated request with the stored response.

    Without the header the method runs unchanged. Costs three statements with it: lock, look-up, insert.

    Raises:
        Invalid: the key is empty, too long or has characters that are not printable ASCII.
        KeyReused: the key was used for a request with another path or body.
        Conflict: `request_in_progress`, the first request has not ended within 5 seconds, or three others wait.
    """

    @functools.wraps(method)
    def create(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = _read_key(request)
        if key is None:
            return method(view, request, *args, **kwargs)
        request_hash = hash_request(request)
        _lock(request.user, key)
        stored = IdempotencyKey.objects.filter(
            user_id=request.user.pk, key=key, created_at__gt=timezone.now() - LIFETIME
        ).first()
        if stored is not None:
            return _replay(stored, request_hash)
        response = method(view, request, *args, **kwargs)
        if response.status_code < status.HTTP_400_BAD_REQUEST:
            _store(request.user, key, request_hash, response)
        return response

    return create  # type: ignore[return-value]


def _read_key(request: Request) -> str | None:
    key: str | None = request.headers.get(HEADER)
    if key is None:
        return None
    if not key or len(key) > MAX_LENGTH or not (key.isascii() and key.isprintable()):
        detail = _("The key must have 1 to %(limit)s printable ASCII characters.")
        raise Invalid("invalid", detail % {"limit": MAX_LENGTH}, HEADER)
    return key


def hash_request(request: Request) -> str:
    """Return the SHA-256 hash of a request in hexadecimal.

    The hash covers the method, the path with the query string, and the parsed body. It does not cover the raw body,
    because a repeated multipart form has another boundary.
    """
    digest = hashlib.sha256()
    for part in (request.method, request.get_full_path(), *_body_parts(request.data)):
        encoded = part if isinstance(part, bytes) else str(part).encode()
        digest.update(b"%d:" % len(encoded) + encoded)
    return digest.hexdigest()


def _body_parts(data: Any) -> Iterable[str | bytes]:
    if not isinstance(data, QueryDict):
        yield json.dumps(data, sort_keys=True)
        return
    for name, values in sorted(data.lists()):
        for value in values:
            yield name
            if isinstance(value, UploadedFile):
                yield value.name or ""
                yield _hash_file(value)
            else:
                yield str(value)


def _hash_file(file: UploadedFile[Any]) -> bytes:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.digest()


def _lock(user: Any, key: str) -> None:
    """Lock the key; wait for another request that holds it.

    Raises: `Conflict` if the lock is not free within `WAIT_SECONDS`, or if `MAX_WAITING` requests of the business wait
    already.
    """
    name = f"idempotency {user.pk} {key}"
    if try_transaction_lock_within(name, 0):
        return
    place = f"idempotency-wait {try_get_business_id()}"
    if acquire_slot(place, MAX_WAITING) and try_transaction_lock_within(
        name, WAIT_SECONDS
    ):
        return
    raise Conflict(
        "request_in_progress",
        _("The first request with this key is still running. Try again later."),
    )


def _replay(stored: IdempotencyKey, request_hash: str) -> Response:
    if stored.request_hash != request_hash:
        raise KeyReused(
            "idempotency_key_reused",
            _("This key was used for a different request. Use a new key."),
            HEADER,
        )
    return Response(
        json.loads(stored.response_body),
        status=stored.response_status,
        headers={REPLAYED_HEADER: "true"},
    )


def _store(user: Any, key: str, request_hash: str, response: Response) -> None:
    delete_expired_keys()
    IdempotencyKey.objects.create(
        user_id=user.pk,
        key=key,
        request_hash=request_hash,
        response_status=response.status_code,
        response_body=JSONRenderer().render(response.data).decode(),
    )


def delete_expired_keys() -> int:
    """Delete the keys of the business in scope that are older than 24 hours.

    Return the number of deleted keys.
    """
    expired = IdempotencyKey.objects.filter(created_at__lte=timezone.now() - LIFETIME)
    deleted: int = expired.delete()[0]
    return deleted


def delete_all_expired_keys() -> int:
    """Delete the expired keys of all businesses, each in its own scope.

    Return the number of deleted keys.
    """
    with platform_scope("find businesses with expired idempotency keys"):
        business_ids = list(
            IdempotencyKey.objects.filter(created_at__lte=timezone.now() - LIFETIME)
            .values_list("business_id", flat=True)
            .distinct()
            .order_by()
        )
    deleted = 0
    for business_id in business_ids:
        with business_scope(business_id):
            deleted += delete_expired_keys()
    return deleted
