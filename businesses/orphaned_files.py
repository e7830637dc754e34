"""Deletion of orphaned files, and a report of rows whose file is missing.

A file is stored before its row is committed. A process that is killed in between leaves
the file behind. Each app that stores files declares in a `FileOwner` the files that
rows reference. Files outside the owners' folders, or in an unexpected place, are not
touched. All work is done in chunks, each in a short scope.
"""

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import NamedTuple, TypeVar

from audit import services as audit
from automatehq.storage_listing import StorageListing, StoredFile
from businesses.models import Business
from businesses.tenancy.context import business_scope, platform_scope

ROOT = "businesses"
# The number of rows that one query reads.
CHUNK = 500

# Each app that stores files registers its owner here when Django is ready.
FILE_OWNERS: "list[FileOwner]" = []

Item = TypeVar("Item")


class Row(NamedTuple):
    """A row with a file.

    It has a description for users, its id, and the expected path of the file.
    """

    what: str
    id: uuid.UUID
    path: str


@dataclass(frozen=True)
class FileOwner:
    """The owner of the files under `businesses/<id>/<folder>/<key>/<name>`.

    Both functions run in the scope of the business.
    """

    folder: str
    # Returns the names of referenced files in the folders of these keys. None: a
    # process may be writing to the folder.
    known: Callable[[Collection[str]], Mapping[str, Collection[str] | None]]
    # Returns rows with ids above this id, ordered by id, up to the given number. None:
    # the first rows.
    rows: Callable[[uuid.UUID | None, int], Sequence[Row]]


@dataclass
class Report:
    """The messages and the counts of a cleanup."""

    say: Callable[[str], None]
    complain: Callable[[str], None]
    is_dry_run: bool = False
    removed: int = 0
    removed_bytes: int = 0
    lost: int = 0
    left_alone: int = 0

    def leave_alone(self, path: str, why: str) -> None:
        self.left_alone += 1
        self.complain(f"left alone: {path}: {why}")


def sweep(
    tree: StorageListing,
    owners: Sequence[FileOwner],
    *,
    before: datetime,
    report: Report,
) -> None:
    """Sweep the files of all businesses.

    A file that changed at or after `before` is not deleted, because it may belong to a
    running request.
    """
    with platform_scope("which businesses have files to be swept"):
        business_ids = list(
            Business.objects.order_by("pk").values_list("pk", flat=True)
        )
    ids = {str(business_id): business_id for business_id in business_ids}
    with_folder = set()
    for entry in tree.entries(ROOT):
        if entry.kind == "folder" and entry.name in ids:
            with_folder.add(ids[entry.name])
        else:
            report.leave_alone(f"{ROOT}/{entry.name}", "no business has this id")
    for business_id in business_ids:
        swept = _Sweep(tree, business_id, before, report)
        if business_id in with_folder:
            swept.remove_unknown(owners)
        for owner in owners:
            swept.find_lost(owner)


class _Sweep:
    """The cleanup of one business."""

    def __init__(
        self,
        tree: StorageListing,
        business_id: uuid.UUID,
        before: datetime,
        report: Report,
    ) -> None:
        self.tree = tree
        self.business_id = business_id
        self.before = before
        self.report = report
        self.folder = f"{ROOT}/{business_id}"

    def remove_unknown(self, owners: Sequence[FileOwner]) -> None:
        """Delete the files that no row references."""
        removed, size = self.report.removed, self.report.removed_bytes
        by_folder = {owner.folder: owner for owner in owners}
        for entry in self.tree.entries(self.folder):
            if entry.kind == "folder" and entry.name in by_folder:
                self._sweep_folder(by_folder[entry.name])
            else:
                self.report.leave_alone(f"{self.folder}/{entry.name}", "not ours")
        removed, size = self.report.removed - removed, self.report.removed_bytes - size
        if removed and not self.report.is_dry_run:
            with business_scope(self.business_id):
                audit.record(
                    "files_swept",
                    entity=Business.objects.get(pk=self.business_id),
                    after={"files": removed, "bytes": size},
                )

    def find_lost(self, owner: FileOwner) -> None:
        """Report the rows whose file is missing."""
        last: uuid.UUID | None = None
        while rows := self._rows(owner, last):
            missing = [row for row in rows if not self.tree.storage.exists(row.path)]
            # A row that was deleted meanwhile lacks no file.
            still = self._rows(owner, last) if missing else ()
            for row in missing:
                if row in still:
                    self.report.lost += 1
                    self.report.complain(
                        f"lost: {row.path}, of the {row.what} {row.id} of business {self.business_id}"
                    )
            last = rows[-1].id

    def _rows(self, owner: FileOwner, last: uuid.UUID | None) -> Sequence[Row]:
        with business_scope(self.business_id):
            return owner.rows(last, CHUNK)

    def _sweep_folder(self, owner: FileOwner) -> None:
        folder = f"{self.folder}/{owner.folder}"
        for chunk in chunks(self.tree.entries(folder), CHUNK):
            keys = [entry.name for entry in chunk if entry.kind == "folder"]
            with business_scope(self.business_id):
                known = owner.known(keys)
            for entry in chunk:
                if entry.kind != "folder":
                    self.report.leave_alone(f"{folder}/{entry.name}", "not ours")
                    continue
                names = known.get(entry.name, ())
                if names is not None:
                    self._sweep_key(f"{folder}/{entry.name}", names)

    def _sweep_key(self, folder: str, known: Collection[str]) -> None:
        before: datetime | None = self.before
        for entry in list(self.tree.entries(folder)):
            path = f"{folder}/{entry.name}"
            if entry.kind != "file":
                self.report.leave_alone(path, "not ours")
            elif entry.name not in known and self._remove(path):
                before = None  # this run emptied the folder
        if not known and not self.report.is_dry_run:
            self.tree.remove_empty(folder, before=before)

    def _remove(self, path: str) -> bool:
        """Delete a file that no row references, if it is old enough."""
        try:
            file = self.tree.look(path)
            if file.changed_at >= self.before:
                return False
            if not self.report.is_dry_run:
                self.tree.remove(path)
        except FileNotFoundError:
            return False  # another process deleted the file
        except Exception as error:  # noqa: BLE001 -- every storage has its own; the others go on
            self.report.leave_alone(path, f"can't be removed: {error}")
            return False
        self._removed(file)
        return True

    def _removed(self, file: StoredFile) -> None:
        self.report.removed += 1
        self.report.removed_bytes += file.size_bytes
        word = "would remove" if self.report.is_dry_run else "removed"
        self.report.say(
            f"{word}: {file.path} ({file.size_bytes:,} bytes, of {file.changed_at:%Y-%m-%d %H:%M} UTC)"
        )


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield the items in lists of at most `size`."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
