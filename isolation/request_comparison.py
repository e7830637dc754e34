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
_FRESH_HEADERS = {"X-Request-ID", "Expires", "Last-Modified"}
_FRESH_TEXT = re.compile(rb'name="(csrfmiddlewaretoken|ticket)" value="[^"]+"')
_CURSOR = re.compile(r"_django_curs_\w+")
_ID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Answer:
    """A response with the SQL statements of its request.

    `work` holds the statements without their values. `told` returns all that the client can observe.
    """

    status: int
    content: bytes
    headers: tuple[str, ...]
    work: tuple[str, ...]
    # Tables in which the request changed rows of Globex.
    changed: tuple[str, ...] = ()

    # Ids greater than this belong to rows that the request created. They differ each time, as form tokens do.
    last_id: bytes = b"g"

    def told(self, *sent: str) -> tuple[int, bytes, tuple[str, ...]]:
        """Return status, body and headers, all that a client can observe.

        Placeholders replace the `sent` values and the ids of new rows.
        """
        return (
            self.status,
            self._plain(self.content, *sent),
            tuple(self._plain(line.encode(), *sent).decode() for line in self.headers),
        )

    def _plain(self, content: bytes, *sent: str) -> bytes:
        return _ID.sub(
            lambda found: b"<new>" if found.group() > self.last_id else found.group(),
            without(content, *sent),
        )

    def everything(self, *sent: str) -> bytes:
        """Return headers and body without `sent` values; archives and PDF streams are decompressed."""
        head = "\n".join(self.headers).encode()
        return without(b"\n".join([head, *unpacked(self.content)]), *sent)


def without(content: bytes, *sent: str) -> bytes:
    """Return `content` with `<sent>` in place of each sent value.

    The value may be plain, URL-encoded once or twice, or HTML-escaped.
    """
    for text in sent:
        in_address = quote_plus(text)
        for written in (
            text,
            in_address,
            quote_plus(in_address),
            quote(text),
            escape(text),
        ):
            content = content.replace(written.encode(), b"<sent>")
    return content


def unpacked(content: bytes) -> Iterator[bytes]:
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
class Seen:
    """The serializers, forms and parameter names that were used to parse a request."""

    readers: list[serializers.BaseSerializer[Any]] = field(default_factory=list)
    forms: list[BaseForm] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    @property
    def is_refused(self) -> bool:
        """Return True if a form has errors. An admin page shows them with status 200."""
        return any(form.is_bound and form.errors for form in self.forms)


@contextmanager
def watching() -> Iterator[Seen]:
    """Record the serializers, forms and parameter names used until the block ends."""
    seen = Seen()
    init, to_internal = BaseForm.__init__, serializers.Serializer.to_internal_value

    def made(form: BaseForm, *args: Any, **kwargs: Any) -> None:
        init(form, *args, **kwargs)
        seen.forms.append(form)

    def read(serializer: Any, data: Any) -> Any:
        if serializer.root is serializer:
            seen.readers.append(serializer)
        return to_internal(serializer, data)

    def looking(method: Callable[..., Any]) -> Callable[..., Any]:
        def look(query: QueryDict, key: Any, *args: Any) -> Any:
            if isinstance(key, str):
                seen.names.add(key)
            return method(query, key, *args)

        return look

    with (
        patch.object(BaseForm, "__init__", made),
        patch.object(serializers.Serializer, "to_internal_value", read),
        patch.object(QueryDict, "__getitem__", looking(QueryDict.__getitem__)),
        patch.object(QueryDict, "get", looking(QueryDict.get)),
        patch.object(QueryDict, "getlist", looking(QueryDict.getlist)),
        patch.object(QueryDict, "__contains__", looking(QueryDict.__contains__)),
    ):
        yield seen


class Asker:
    """A sender of requests that rolls back each of them.

    It compares Globex's rows after each request.
    """

    def __init__(self, checksums: Callable[[], dict[str, str]]) -> None:
        self._checksums = checksums
        self._last_id = str(uuid7()).encode()
        self.requests = 0
        self.note_rows()

    def note_rows(self) -> None:
        """Take the current rows of Globex as the reference for later comparisons."""
        self._before = self._checksums()

    def ask(
        self, client: Any, send: Callable[[Any], Any], *, seen: bool = False
    ) -> tuple[Answer, Seen]:
        """Return the response to `send(client)`, and the record of its parsing.

        The record is empty unless `seen`.
        """
        self.requests += 1
        cookies = client.cookies.output()
        client.raise_request_exception = False
        connection.queries_log.clear()  # its length is limited to 9,000 entries
        with transaction.atomic():
            try:
                with CaptureQueriesContext(connection) as captured:
                    if seen:
                        with watching() as noted:
                            response = send(client)
                    else:
                        noted, response = Seen(), send(client)
                changed = () if connection.needs_rollback else self._compare()
            finally:
                transaction.set_rollback(True)
                client.cookies = SimpleCookie()
                client.cookies.load(
                    cookies.replace("Set-Cookie: ", "").replace("\r\n", ";")
                )
        answer = answer_of(response, captured.captured_queries)
        return replace(answer, changed=changed, last_id=self._last_id), noted

    def _compare(self) -> tuple[str, ...]:
        after = self._checksums()
        return tuple(
            sorted(table for table in after if after[table] != self._before[table])
        )


def answer_of(response: Any, queries: Any) -> Answer:
    content = getattr(response, "content", b"")
    headers = [
        f"{name}: {value}"
        for name, value in response.headers.items()
        if name not in _FRESH_HEADERS
    ]
    headers += [f"Set-Cookie: {name}" for name in response.cookies]
    return Answer(
        response.status_code,
        _FRESH_TEXT.sub(b"", content),
        tuple(sorted(headers)),
        tuple(_CURSOR.sub("cursor", shape(query["sql"])) for query in queries),
    )
