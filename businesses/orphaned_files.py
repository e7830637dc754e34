"""Deletion of orphaned files, and a report of rows whose file is missing.

A file is stored before its row is committed. A process that is killed in between leaves
the file behind. A model with files has two methods: `required_files` returns the paths
that must exist, `optional_files` those that may exist. An optional path can be a folder
in use.
"""

import os
import uuid
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.files.storage import FileSystemStorage

from audit import services as audit
from businesses.models import Business
from businesses.tenancy.context import business_scope, platform_scope
from businesses.tenancy.grants import tenant_models

# Files are at businesses/<id>/<folder>/<key>/<name>. No row references those in imports.
ROOT = "businesses"
FOLDERS = ("cards", "exports", "imports")


@dataclass
class Cleanup:
    """A cleanup of a storage: its options, and the counts of its results.

    A file that changed at or after `before` is not deleted, because it may belong to a
    running request.
    """

    storage: Any
    before: datetime
    is_dry_run: bool
    write_line: Callable[[str], None]
    write_error: Callable[[str], None]
    removed: int = 0
    removed_bytes: int = 0
    missing_count: int = 0
    skipped: int = 0

    def run(self) -> None:
        """Clean up the files of all businesses. Report and skip other files, and links."""
        with platform_scope("which businesses have files to be swept"):
            ids = [*Business.objects.order_by("pk").values_list("pk", flat=True)]
        self._subfolders(ROOT, {*map(str, ids)}, "no business has this ID")
        for business_id in ids:
            self._clean_up_business(business_id)

    def _clean_up_business(self, business_id: uuid.UUID) -> None:
        removed, removed_bytes = self.removed, self.removed_bytes
        with business_scope(business_id):
            required, optional = _known_paths()
        known = required.keys() | optional
        stored: set[str] = set()
        for folder in self._subfolders(f"{ROOT}/{business_id}", FOLDERS):
            for key_folder in self._subfolders(folder):
                if key_folder not in known:
                    stored |= self._clean_up_folder(key_folder, known)
        if self.removed > removed and not self.is_dry_run:
            counts = {
                "files": self.removed - removed,
                "bytes": self.removed_bytes - removed_bytes,
            }
            with business_scope(business_id):
                business = Business.objects.get(pk=business_id)
                audit.record("files_swept", entity=business, after=counts)
        missing = {
            path for path in required.keys() - stored if not self.storage.exists(path)
        }
        if missing:
            with business_scope(business_id):
                # A row that was deleted meanwhile lacks no file.
                missing &= _known_paths()[0].keys()
        self.missing_count += len(missing)
        for path in sorted(missing):
            self.write_error(
                f"lost: {path}, of the {required[path]} of business {business_id}"
            )

    def _clean_up_folder(self, folder: str, known: Collection[str]) -> set[str]:
        """Delete the orphans of a folder, and an empty folder; return the stored paths."""
        folders, files = self._list(folder)
        self._skip(folders, "unknown")
        removed = {path for path in files if path not in known and self._remove(path)}
        is_empty = not folders and removed.issuperset(files)
        if is_empty and not self.is_dry_run and self._is_on_disk():
            with suppress(OSError):  # another process wrote to it, or deleted it
                if files or self.storage.get_modified_time(folder) < self.before:
                    self.storage.delete(folder)
        return {*files}

    def _remove(self, path: str) -> bool:
        """Delete a file if it is old enough."""
        try:
            changed_at = self.storage.get_modified_time(path)
            if changed_at >= self.before:
                return False
            size = self.storage.size(path)
            if not self.is_dry_run:
                self.storage.delete(path)
        except FileNotFoundError:
            return False  # another process deleted the file
        except Exception as error:  # noqa: BLE001  each storage has its own; the others go on
            self._skip([path], f"cannot be deleted: {error}")
            return False
        self.removed += 1
        self.removed_bytes += size
        self.write_line(
            f"{'would remove' if self.is_dry_run else 'removed'}: {path} "
            f"({size:,} bytes, of {changed_at:%Y-%m-%d %H:%M} UTC)"
        )
        return True

    def _subfolders(
        self,
        folder: str,
        names: Collection[str] | None = None,
        problem: str = "unknown",
    ) -> list[str]:
        """Return the subfolders that have these names; skip everything else."""
        folders, files = self._list(folder)
        expected = [
            path
            for path in folders
            if names is None or path.rpartition("/")[2] in names
        ]
        self._skip([*files, *sorted({*folders} - {*expected})], problem)
        return expected

    def _list(self, folder: str) -> tuple[list[str], list[str]]:
        """Return the paths of the subfolders and files; skip links."""
        folders: list[str] = []
        files: list[str] = []
        links: list[str] = []
        try:
            if self._is_on_disk():
                with os.scandir(self.storage.path(folder)) as entries:
                    for entry in entries:
                        if entry.is_dir(follow_symlinks=False):
                            folders.append(entry.name)
                        elif entry.is_file(follow_symlinks=False):
                            files.append(entry.name)
                        else:
                            links.append(entry.name)
            else:
                folders, files = self.storage.listdir(folder)
        except FileNotFoundError:
            return [], []  # nothing was stored yet, or another process deleted it
        self._skip([f"{folder}/{name}" for name in links], "not a file or a folder")
        # Some storages list a manually created folder as a file without a name.
        return (
            [f"{folder}/{name}" for name in folders if name],
            [f"{folder}/{name}" for name in files if name],
        )

    def _skip(self, paths: Sequence[str], problem: str) -> None:
        self.skipped += len(paths)
        for path in paths:
            self.write_error(f"skipped: {path}: {problem}")

    def _is_on_disk(self) -> bool:
        return isinstance(self.storage, FileSystemStorage)


def _known_paths() -> tuple[dict[str, str], set[str]]:
    """Return the required paths, each with its row, and the optional paths.

    The paths are those of the business in scope.
    """
    required: dict[str, str] = {}
    optional: set[str] = set()
    for model in tenant_models():
        if not hasattr(model, "required_files"):
            continue
        rows: Any = model._default_manager.order_by("pk").iterator()
        for row in rows:
            label = f"{model._meta.verbose_name} {row.pk}"
            required |= dict.fromkeys(row.required_files(), label)
            optional |= {*row.optional_files()}
    return required, optional
