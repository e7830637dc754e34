"""Pagination: `Pages` for most lists, `CursorPagination` for the audit trail."""

import datetime
import re
import uuid
from base64 import b64decode, b64encode
from typing import Any, Literal, NamedTuple, cast

from django.core.paginator import Paginator
from django.db.models import Model, Q
from django.utils.translation import gettext as _
from rest_framework.pagination import BasePagination, PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from .errors import Invalid, Missing

_COUNT = re.compile(r"[1-9][0-9]{0,8}")
PAGE_SIZE = 50
MAX_PAGE_SIZE = 200

Direction = Literal["<", ">"]

# The examples complete the examples of the results in the schema of a list.
_LINK = {"type": ["string", "null"], "format": "uri", "example": None}
_PAGE_SIZE_PARAMETER = {
    "name": "page_size",
    "in": "query",
    "required": False,
    "description": "Number of results per page.",
    "schema": {
        "type": "integer",
        "minimum": 1,
        "maximum": MAX_PAGE_SIZE,
        "default": PAGE_SIZE,
    },
}


def _count(request: Request, name: str, default: int) -> int:
    """Return the query parameter `name` as a number from 1; raise 400 for other values."""
    text = request.query_params.get(name, "")
    if not text:
        return default
    if not _COUNT.fullmatch(text):
        raise Invalid("invalid", _("Enter a whole number of at least 1."), name)
    return int(text)


class Pages(PageNumberPagination):
    """Pages as `{count, next, previous, results}`; `page` from 1, `page_size` at most 200.

    A larger `page_size` gives pages of 200. A page after the last gives 404 `no_such_page`.
    """

    page_size = PAGE_SIZE
    max_page_size = MAX_PAGE_SIZE
    page_size_query_param = "page_size"
    last_page_strings = ()

    query_parameters = ("page", "page_size")

    def get_page_size(self, request: Request) -> int:
        return min(_count(request, "page_size", PAGE_SIZE), MAX_PAGE_SIZE)

    def get_page_number(self, request: Request, paginator: "Paginator[Model]") -> int:
        number = _count(request, "page", 1)
        if number > paginator.num_pages:
            raise Missing("no_such_page", _("This page does not exist."), "page")
        return number

    def get_schema_operation_parameters(self, view: object) -> list[dict[str, object]]:
        return [
            {
                "name": "page",
                "in": "query",
                "required": False,
                "description": "Page number, starting with 1.",
                "schema": {"type": "integer", "minimum": 1, "default": 1},
            },
            _PAGE_SIZE_PARAMETER,
        ]

    def get_paginated_response_schema(
        self, schema: dict[str, object]
    ) -> dict[str, object]:
        return {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {
                "count": {"type": "integer", "example": 1},
                "next": _LINK,
                "previous": _LINK,
                "results": schema,
            },
        }


class CursorPagination(BasePagination):
    """Pages as `{next, previous, results}`, newest first; clients follow the links.

    For the audit trail: counting millions of rows to show fifty is too expensive, and new events must not shift the
    pages. A cursor is the position of a row in the order (created_at, id), which also pages rows of the same time.
    """

    query_parameters = ("cursor", "page_size")

    def paginate_queryset(
        self, queryset: Any, request: Request, view: Any = None
    ) -> list[Any]:
        self.request = request
        page_size = min(_count(request, "page_size", PAGE_SIZE), MAX_PAGE_SIZE)
        cursor = Cursor.decode(request.query_params.get("cursor", ""))
        backwards = cursor is not None and cursor.direction == "<"
        order = ("created_at", "id") if backwards else ("-created_at", "-id")
        if cursor is not None:
            queryset = queryset.filter(cursor.after_filter())
        rows = list(queryset.order_by(*order)[: page_size + 1])
        has_more = len(rows) > page_size
        page = rows[:page_size]
        if backwards:
            page.reverse()
        self.has_next = bool(page) and (backwards or has_more)
        self.has_previous = bool(page) and (
            has_more if backwards else cursor is not None
        )
        self.page = page
        return page

    def get_paginated_response(self, data: object) -> Response:
        following = self._link(self.page[-1], ">") if self.has_next else None
        preceding = self._link(self.page[0], "<") if self.has_previous else None
        return Response({"next": following, "previous": preceding, "results": data})

    def _link(self, row: Any, direction: Direction) -> str:
        cursor = Cursor(row.created_at, row.pk, direction)
        url = self.request.build_absolute_uri()
        link: str = replace_query_param(url, "cursor", cursor.encode())
        return link

    def get_schema_operation_parameters(self, view: object) -> list[dict[str, object]]:
        return [
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "description": "Start of the page, as in the links `next` and `previous`.",
                "schema": {"type": "string"},
            },
            _PAGE_SIZE_PARAMETER,
        ]

    def get_paginated_response_schema(
        self, schema: dict[str, object]
    ) -> dict[str, object]:
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": _LINK, "previous": _LINK, "results": schema},
        }


class Cursor(NamedTuple):
    """The position of a row in the order, and the direction: older (>) or newer (<) rows."""

    created_at: datetime.datetime
    row_id: uuid.UUID
    direction: Direction

    @classmethod
    def decode(cls, text: str) -> "Cursor | None":
        """Parse the cursor of a link. Return None without a cursor; raise 400 if it is malformed."""
        if not text:
            return None
        try:
            moment, row_id, direction = (
                b64decode(text, altchars=b"-_").decode().split("|")
            )
            created_at = datetime.datetime.fromisoformat(moment)
            if created_at.tzinfo is not datetime.UTC or direction not in ("<", ">"):
                raise ValueError(text)
            return cls(created_at, uuid.UUID(row_id), cast(Direction, direction))
        except ValueError as error:
            raise Invalid(
                "invalid", _("Invalid cursor for this list."), "cursor"
            ) from error

    def encode(self) -> str:
        text = f"{self.created_at.isoformat()}|{self.row_id}|{self.direction}"
        return b64encode(text.encode(), altchars=b"-_").decode()

    def after_filter(self) -> Q:
        """Return the condition for the rows after this position.

        The second comparison implies the first. The first one allows the use of the index on created_at.
        """
        if self.direction == "<":
            return Q(created_at__gte=self.created_at) & (
                Q(created_at__gt=self.created_at) | Q(pk__gt=self.row_id)
            )
        return Q(created_at__lte=self.created_at) & (
            Q(created_at__lt=self.created_at) | Q(pk__lt=self.row_id)
        )
