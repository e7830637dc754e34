"""Helpers that create employee files, send them and read the responses."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import openpyxl
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

PREVIEW = "/api/employees/import/preview"
APPLY = "/api/employees/import/apply"
EXPORT = "/api/employees/export"
HEADER = ("Passport", "External ID", "Full name", "Site")


def as_csv(
    *rows: Sequence[str], encoding: str = "utf-8", delimiter: str = ","
) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode(encoding)


def as_xlsx(*rows: Iterable[Any], title: str = "Sheet") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def preview(client: APIClient, data: bytes, name: str = "file") -> Any:
    return client.post(
        PREVIEW, {"file": SimpleUploadedFile(name, data)}, format="multipart"
    )


def apply(client: APIClient, data: bytes, hash_: str, **more: Any) -> Any:
    body = {"file": SimpleUploadedFile("file", data), "hash": hash_, **more}
    return client.post(APPLY, body, format="multipart")


def imported(client: APIClient, data: bytes, **more: Any) -> Any:
    """Preview and apply a file; return the response of the apply."""
    hash_ = preview(client, data).json()["hash"]
    return apply(client, data, hash_, **more)


def codes(row: dict[str, Any]) -> list[str]:
    return [problem["code"] for problem in row["errors"]]
