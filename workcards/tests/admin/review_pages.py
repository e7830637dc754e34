"""Helpers for the pages of a card, which send forms as a browser does."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from businesses.tenancy.context import business_scope
from tests.admin_clients import AdminClient
from workcards.models import WorkCard
from workcards.month_math import days_of_month
from workcards.tests.factories import picture

UPLOAD = "/admin/workcards/workcard/upload/"


def url_of(card: WorkCard, page: str = "change") -> str:
    return reverse(f"admin:workcards_workcard_{page}", args=[card.pk])


def sheet(
    card: WorkCard, days: dict[int, dict[str, Any]], **more: Any
) -> dict[str, Any]:
    """Return the form of a card's days as the page sends it.

    It has all days of the month, with the values in `days`.
    """
    month = days_of_month(card.processing_month)
    body = {
        "version": card.version,
        "days-TOTAL_FORMS": len(month),
        "days-INITIAL_FORMS": len(month),
        **more,
    }
    for index, day in enumerate(month):
        body[f"days-{index}-work_date"] = day.isoformat()
        for name, value in days.get(day.day, {}).items():
            body[f"days-{index}-{name}"] = value
    return body


def fresh(card: WorkCard) -> WorkCard:
    with business_scope(card.business_id):
        return WorkCard.objects.with_figures().get(pk=card.pk)


def upload(client: AdminClient, *files: Any, **fields: Any) -> Any:
    return client.send(UPLOAD, {"files": list(files), **fields})


def scan(name: str = "card.png", content: bytes | None = None) -> SimpleUploadedFile:
    content = picture() if content is None else content
    return SimpleUploadedFile(name, content, "image/png")
