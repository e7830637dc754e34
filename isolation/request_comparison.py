"""Requests in savepoints: send one, record its response and SQL for a comparison, and roll it back."""

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.cookies import SimpleCookie
from typing import Any
from unittest.mock import patch
from urllib.parse import quote, quote_plus

from django.db import connection, transaction
from django.forms import BaseForm
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape
from rest_framework import serializers
from uuid_utils.compat import uuid7

from audit.tests.audit_helpers import shape

# Headers and texts that differ between any two responses.
_VOLATILE_HEADERS = {"X-Request-ID", "Expires", "Last-Modified"}
_VOLATILE_TEXT = re.compile(rb'name="(csrfmiddlewaretoken|ticket)" value="[^"]+"')
_CURSOR = re.compile(r"_django_curs_\w+")
_ID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


# Status, body and headers: the part of a response that a client can observe.
Observable = tuple[int, bytes, tuple[str, ...]]


@dataclass(frozen=True)
class RecordedResponse:
    """A response with the SQL statements of its request.

    `statements` holds the statements without their values. `observable` returns all that the client can observe.
    """

    status: int
    content: bytes
    headers: tuple[str, ...]
    statements: tuple[str, ...]
    # Tables in which the request changed rows of Globex.
    changed: tuple[str, ...] = ()

    # Ids greater than this belong to rows that the request created. They differ each time, as form tokens do.
    last_id: bytes = b"g"

    def observable(self, *sent: str) -> Observable:
        """Return the observable part of the response.

        Placeholders replace the `sent` values and the ids of new rows.
        """
        return (
            self.status,
            self._mask(self.content, *sent),
            tuple(self._mask(line.encode(), *sent).decode() for line in self.headers),
        )

    def _mask(self, content: bytes, *sent: str) -> bytes:
        return _ID.sub(
            lambda match: b"<new>" if match.group() > self.last_id else match.group(),
            mask_values(content, *sent),
        )

    def searchable_content(self, *sent: str) -> bytes:
        """Return headers and body without `sent` values; archives and PDF streams are decompressed."""
        head = "\n".join(self.headers).encode()
        return mask_values(b"\n".join([head, *iterate_contents(self.content)]), *sent)


def describe_difference(one: Observable, other: Observable) -> str:
    """Return a description of the first difference between two responses."""
    if one[0] != other[0]:
        return f"status {one[0]}, not {other[0]}"
    if one[2] != other[2]:
        return f"headers {sorted({*one[2]} ^ {*other[2]})}"
    position = next(
        (at for at, (a, b) in enumerate(zip(one[1], other[1], strict=False)) if a != b),
        min(len(one[1]), len(other[1])),
    )
    excerpts = [text[1][max(0, position - 30) : position + 50] for text in (one, other)]
    return f"{excerpts[0]!r}, not {excerpts[1]!r}"


def mask_values(content: bytes, *sent: str) -> bytes:
    """Return `content` with `<sent>` in place of each sent value.

    The value may be plain, URL-encoded once or twice, or HTML-escaped.
    """
    for text in sent:
        url_encoded = quote_plus(text)
        for form in (
            text,
            url_encoded,
            quote_plus(url_encoded),
            quote(text),
            escape(text),
        ):
            content = content.replace(form.encode(), b"<sent>")
    return content


def iterate_contents(content: bytes) -> Iterator[bytes]:
    """Yield the bytes, the members of a ZIP file (XLSX), and the streams of a PDF."""
    yield content
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                yield member.filename.encode()
                yield archive.read(member)
    if content.startswith(b"%PDF"):
        for stream in re.findall(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):
            yield zlib.decompressobj().decompress(stream)


@dataclass
class ParsingRecord:
    """The serializers, forms and parameter names that were used to parse a request."""

    serializers_used: list[serializers.BaseSerializer[Any]] = field(
        default_factory=list
    )
    forms: list[BaseForm] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    @property
    def has_form_errors(self) -> bool:
        """Return True if a form has errors. An admin page shows them with status 200."""
        return any(form.is_bound and form.errors for form in self.forms)


@contextmanager
def record_parsing() -> Iterator[ParsingRecord]:
    """Record the serializers, forms and parameter names used until the block ends."""
    record = ParsingRecord()
    init, to_internal = BaseForm.__init__, serializers.Serializer.to_internal_value

    def init_form(form: BaseForm, *args: Any, **kwargs: Any) -> None:
        init(form, *args, **kwargs)
        record.forms.append(form)

    def parse(serializer: Any, data: Any) -> Any:
        if serializer.root is serializer:
            record.serializers_used.append(serializer)
        return to_internal(serializer, data)

    def recording(method: Callable[..., Any]) -> Callable[..., Any]:
        def read(query: QueryDict, key: Any, *args: Any) -> Any:
            if isinstance(key, str):
                record.names.add(key)
            return method(query, key, *args)

        return read

    with (
        patch.object(BaseForm, "__init__", init_form),
        patch.object(serializers.Serializer, "to_internal_value", parse),
        patch.object(QueryDict, "__getitem__", recording(QueryDict.__getitem__)),
        patch.object(QueryDict, "get", recording(QueryDict.get)),
        patch.object(QueryDict, "getlist", recording(QueryDict.getlist)),
        patch.object(QueryDict, "__contains__", recording(QueryDict.__contains__)),
    ):
        yield record


class RequestRecorder:
    """A sender of requests that rolls back each of them.

    It compares Globex's rows after each request.
    """

    def __init__(self, checksums: Callable[[], dict[str, str]]) -> None:
        self._checksums = checksums
        self._last_id = str(uuid7()).encode()
        self.requests = 0
        self.store_checksums()

    def store_checksums(self) -> None:
        """Take the current rows of Globex as the reference for later comparisons."""
        self._before = self._checksums()

    def record(
        self, client: Any, send: Callable[[Any], Any], *, with_parsing: bool = False
    ) -> tuple[RecordedResponse, ParsingRecord]:
        """Return the response to `send(client)`, and the record of its parsing.

        The record is empty unless `with_parsing`.
        """
        self.requests += 1
        cookies = client.cookies.output()
        client.raise_request_exception = False
        connection.queries_log.clear()  # its length is limited to 9,000 entries
        with transaction.atomic():
            try:
                with CaptureQueriesContext(connection) as queries:
                    if with_parsing:
                        with record_parsing() as parsing:
                            response = send(client)
                    else:
                        parsing, response = ParsingRecord(), send(client)
                changed = () if connection.needs_rollback else self._compare()
            finally:
                transaction.set_rollback(True)
                client.cookies = SimpleCookie()
                client.cookies.load(
                    cookies.replace("Set-Cookie: ", "").replace("\r\n", ";")
                )
        recorded = record_response(response, queries.captured_queries)
        return replace(recorded, changed=changed, last_id=self._last_id), parsing

    def _compare(self) -> tuple[str, ...]:
        after = self._checksums()
        return tuple(
            sorted(table for table in after if after[table] != self._before[table])
        )


def record_response(response: Any, queries: Any) -> RecordedResponse:
    content = getattr(response, "content", b"")
    headers = [
        f"{name}: {value}"
        for name, value in response.headers.items()
        if name not in _VOLATILE_HEADERS
    ]
    headers += [f"Set-Cookie: {name}" for name in response.cookies]
    return RecordedResponse(
        response.status_code,
        _VOLATILE_TEXT.sub(b"", content),
        tuple(sorted(headers)),
        tuple(_CURSOR.sub("cursor", shape(query["sql"])) for query in queries),
    )
