"""An employee file between its preview and its apply: what was looked at in the admin is what is imported.

It lies under `businesses/<business id>/imports/<user id>/` with an opaque name; the page carries, signed, which file it
is, whose, and the hash of its preview. It goes when it has been imported, or when its user has looked at some more. One
that was left lying is good for nothing after an hour, and `manage.py sweep_files` removes it.
"""

from typing import Any, NamedTuple

from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from uuid_utils.compat import uuid7

from businesses.orphaned_files import FileOwner
from businesses.tenancy.context import get_current_business_id

from .file_parsing import Choices

# No row references a pending file: each is an orphan once it is old enough.
IMPORTS = FileOwner("imports", lambda keys: {}, lambda last, limit: ())
MAX_AGE_SECONDS = 3600
# Of one user, in as many windows, so that previews cannot fill the disk.
MAX_KEPT = 5
_SALT = "automatehq.employee-import"


class Kept(NamedTuple):
    """A file that waits: its bytes, the hash of the preview that was shown, and the choices that it was read with."""

    path: str
    data: bytes
    hash: str
    choices: Choices


def keep(data: bytes, *, user: Any) -> str:
    """Store a file; gives its path. Of those that the user has left lying the newest stay."""
    folder = f"businesses/{get_current_business_id()}/imports/{user.pk}"
    path = default_storage.save(f"{folder}/{uuid7().hex}", ContentFile(data))
    _folders, names = default_storage.listdir(folder)
    for name in sorted(names)[:-MAX_KEPT]:  # ids of version 7 are in the order of time
        forget(f"{folder}/{name}")
    return path


def ticket(
    path: str,
    hash: str,  # noqa: A002 -- as the API calls it
    choices: Choices,
    *,
    user: Any,
) -> str:
    """Return what the page of a preview carries."""
    whose = [str(get_current_business_id()), str(user.pk)]
    return signing.dumps([path, hash, *choices, *whose], salt=_SALT)


def find(carried: str, *, user: Any) -> Kept | None:
    """The file of a ticket that this user was given in this business in the last hour; None if it isn't, or is gone."""
    try:
        path, hash_, sheet, encoding, *whose = signing.loads(
            carried, salt=_SALT, max_age=MAX_AGE_SECONDS
        )
    except (signing.BadSignature, ValueError):  # also one from before an update
        return None
    if whose != [str(get_current_business_id()), str(user.pk)]:
        return None
    try:
        with default_storage.open(path) as file:
            return Kept(path, file.read(), hash_, Choices(sheet, encoding))
    except FileNotFoundError:
        return None


def forget(path: str) -> None:
    default_storage.delete(path)
