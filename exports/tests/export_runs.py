"""Helpers that create finished runs with their snapshots."""

import io
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from exports.models import ExportRun
from exports.tests.factories import ExportRunFactory
from workcards.month_rows import month_rows, write_spool
from workcards.tests.factories import MONTH


def done_run(
    *, site: Any = None, include_unapproved: bool = False, **values: Any
) -> ExportRun:
    """Return a run as a worker leaves it, without its file; call it in the scope of a business."""
    spool = io.BytesIO()
    rows = month_rows(
        MONTH, site_id=site and site.pk, include_unapproved=include_unapproved
    )
    row_count = write_spool(rows, spool)
    run: ExportRun = ExportRunFactory(
        status="DONE",
        site=site,
        filters={"include_unapproved": include_unapproved},
        row_count=row_count,
        **values,
    )
    keep_snapshot(run, spool.getvalue())
    return run


def keep_snapshot(run: ExportRun, content: bytes) -> None:
    """Store `content` as the snapshot of the run."""
    run.snapshot = default_storage.save(
        f"businesses/{run.business_id}/exports/{run.pk}-1/snapshot.jsonl",
        ContentFile(content),
    )
    run.save(update_fields=["snapshot"])
