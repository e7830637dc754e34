"""The owner of scans in storage, for `manage.py sweep_files`."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

from businesses.orphaned_files import FileOwner, Row
from workcards.models import WorkCardFile


def _known(keys: Collection[str]) -> Mapping[str, Collection[str]]:
    ids = []
    for key in keys:
        with suppress(ValueError):
            ids.append(uuid.UUID(key))
    known = {}
    for file in WorkCardFile.objects.filter(pk__in=ids):
        pages = range(1, file.page_count + 1)
        paths = [str(file.original.name), *map(file.rendition_path, pages)]
        known[str(file.pk)] = {path.rpartition("/")[2] for path in paths}
    return known


def _rows(last: uuid.UUID | None, limit: int) -> Sequence[Row]:
    files = WorkCardFile.objects.order_by("pk")
    if last is not None:
        files = files.filter(pk__gt=last)
    # Includes files from before businesses existed, which have other paths.
    return [
        Row("scan", pk, path)
        for pk, path in files.values_list("pk", "original")[:limit]
    ]


SCANS = FileOwner("cards", _known, _rows)
