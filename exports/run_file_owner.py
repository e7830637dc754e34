"""The stored files that belong to export runs, for `manage.py sweep_files`."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

from businesses.orphaned_files import FileOwner, Row

from .models import ExportRun

Status = ExportRun.Status


def _known(keys: Collection[str]) -> Mapping[str, Collection[str] | None]:
    """Return the known file names of each folder, or None for a folder in use.

    The name of a folder is a run's id and the number of the attempt.
    """
    ids = set()
    for key in keys:
        with suppress(ValueError):
            ids.add(uuid.UUID(key.rpartition("-")[0]))
    known: dict[str, Collection[str] | None] = {}
    for run in ExportRun.objects.filter(pk__in=ids):
        if run.status == Status.RUNNING:
            known[f"{run.pk}-{run.attempts}"] = None  # a worker is writing
        for path in filter(None, (run.file, run.snapshot)):
            folder, _slash, name = path.rpartition("/")
            key = folder.rpartition("/")[2]
            known[key] = {*(known.get(key) or ()), name}
    return known


def _rows(last: uuid.UUID | None, limit: int) -> Sequence[Row]:
    runs = ExportRun.objects.filter(status=Status.DONE).order_by("pk")
    if last is not None:
        runs = runs.filter(pk__gt=last)
    return [
        Row("export", run.pk, path)
        for run in runs[:limit]
        for path in (run.file, run.snapshot)
        if path
    ]


EXPORTS = FileOwner("exports", _known, _rows)
