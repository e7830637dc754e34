"""Checks of the local files that a web process or worker needs before it serves.

Each check returns a message that names the problem and its remedy, or None.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.storage import (
    ManifestFilesMixin,
    staticfiles_storage,
)
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage, default_storage


def find_static_problem() -> str | None:
    """Check that `collectstatic` has written the manifest of static files.

    Without the manifest, pages with static files fail with error 500.
    """
    storage: object = staticfiles_storage
    if not isinstance(storage, ManifestFilesMixin):
        return None  # in development, the apps' folders are served
    if storage.read_manifest() is not None:
        return None
    return (
        f"There is no manifest of static files in {settings.STATIC_ROOT}. "
        "Run `python manage.py collectstatic --noinput`."
    )


def find_media_problem() -> str | None:
    """Check that a file can be created in MEDIA_ROOT, by creating a nameless file.

    Permission bits do not suffice: root bypasses them, and a file system may be read-only or full.
    """
    if not isinstance(default_storage, FileSystemStorage):
        return None  # an object store: only a request can test it
    folder = Path(default_storage.location)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"0")
            probe.flush()
    except OSError as error:
        return (
            f"MEDIA_ROOT ({folder}) cannot be written: {error.strerror}. "
            "Give the user of this process write permission."
        )
    return None


WEB_CHECKS: tuple[Callable[[], str | None], ...] = (
    find_static_problem,
    find_media_problem,
)
WORKER_CHECKS = (find_media_problem,)


def require_usable_files(checks: tuple[Callable[[], str | None], ...]) -> None:
    """Raise `ImproperlyConfigured` with all problems that `checks` find.

    Does nothing in development, where the web server collects no static files.
    """
    if settings.DEBUG:
        return
    problems = [problem for check in checks if (problem := check())]
    if problems:
        raise ImproperlyConfigured(
            "AutomateHQ does not start:\n"
            + "\n".join(f"  - {problem}" for problem in problems)
        )
