"""Listings of stored files, folder by folder, for disks and other storages.

A disk's folder is read incrementally. A symbolic link counts as neither file nor folder.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from django.core.files.storage import FileSystemStorage, Storage


class Entry(NamedTuple):
    name: str
    kind: Literal["file", "folder", "other"]


class StoredFile(NamedTuple):
    path: str
    size_bytes: int
    changed_at: datetime


class StorageListing:
    """A listing of a storage such as S3. It has no empty folders and no symbolic links."""

    def __init__(self, storage: Storage) -> None:
        self.storage: Any = storage

    def entries(self, folder: str) -> Iterator[Entry]:
        """Yield the direct entries of a folder; none if the folder does not exist."""
        folders, files = self.storage.listdir(folder)
        # Some storages list a manually created folder as a file without a name.
        yield from (Entry(name, "folder") for name in folders if name)
        yield from (Entry(name, "file") for name in files if name)

    def look(self, path: str) -> StoredFile:
        changed_at = self.storage.get_modified_time(path)
        return StoredFile(path, self.storage.size(path), changed_at)

    def remove(self, path: str) -> None:
        self.storage.delete(path)

    def remove_empty(self, folder: str, *, before: datetime | None) -> bool:
        """Remove an empty folder last changed before `before`; return False if it remains."""
        return False


class TreeOnDisk(StorageListing):
    """A listing of the file system."""

    def entries(self, folder: str) -> Iterator[Entry]:
        try:
            listing = os.scandir(self._path(folder))
        except FileNotFoundError:
            return
        with listing:
            for entry in listing:
                if entry.is_dir(follow_symlinks=False):
                    yield Entry(entry.name, "folder")
                elif entry.is_file(follow_symlinks=False):
                    yield Entry(entry.name, "file")
                else:
                    yield Entry(entry.name, "other")

    def look(self, path: str) -> StoredFile:
        found = self._path(path).lstat()
        return StoredFile(path, found.st_size, _moment(found.st_mtime))

    def remove(self, path: str) -> None:
        self._path(path).unlink(missing_ok=True)

    def remove_empty(self, folder: str, *, before: datetime | None) -> bool:
        place = self._path(folder)
        with suppress(OSError):  # not empty, or gone
            if before is None or _moment(place.lstat().st_mtime) < before:
                place.rmdir()
                return True
        return False

    def _path(self, name: str) -> Path:
        return Path(self.storage.path(name))


def listing_for(storage: Storage) -> StorageListing:
    """Return the listing of `storage`."""
    return (
        TreeOnDisk(storage)
        if isinstance(storage, FileSystemStorage)
        else StorageListing(storage)
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
