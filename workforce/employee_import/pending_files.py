"""Employee files between preview and apply in the admin. The stored file of the preview is imported."""

from typing import NamedTuple

from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from uuid_utils.compat import uuid7

from accounts.models import User
from businesses.tenancy.context import get_current_business_id

from .file_parsing import Choices

# No row references a pending file: `sweep_files` deletes each that is old enough.
MAX_AGE_SECONDS = 3600
# The limit of a user, for previews in several windows. It prevents that previews fill the disk.
MAX_FILES = 5
_SALT = "automatehq.employee-import"


class PendingFile(NamedTuple):
    """A pending file: its bytes, the hash of its preview, and the choices it was read with."""

    path: str
    data: bytes
    hash: str
    choices: Choices


def store(data: bytes, *, user: User) -> str:
    """Store a file and return its path; delete the user's oldest files beyond `MAX_FILES`."""
    folder = f"businesses/{get_current_business_id()}/imports/{user.pk}"
    path = default_storage.save(f"{folder}/{uuid7().hex}", ContentFile(data))
    _folders, names = default_storage.listdir(folder)
    for name in sorted(names)[:-MAX_FILES]:  # version 7 ids sort by time
        delete(f"{folder}/{name}")
    return path


def sign_reference(
    path: str,
    hash: str,  # noqa: A002 -- as the API calls it
    choices: Choices,
    *,
    user: User,
) -> str:
    """Return the signed reference that a preview page contains."""
    owner = [str(get_current_business_id()), str(user.pk)]
    return signing.dumps([path, hash, *choices, *owner], salt=_SALT)


def load(reference: str, *, user: User) -> PendingFile | None:
    """Return the file of a signed reference, or None for an invalid reference.

    A reference is valid for the user and business it was created for, and for one hour. It is invalid if the file is
    gone.
    """
    try:
        path, hash_, sheet, encoding, *owner = signing.loads(
            reference, salt=_SALT, max_age=MAX_AGE_SECONDS
        )
    except (signing.BadSignature, ValueError):  # also a reference from an older version
        return None
    if owner != [str(get_current_business_id()), str(user.pk)]:
        return None
    try:
        with default_storage.open(path) as file:
            return PendingFile(path, file.read(), hash_, Choices(sheet, encoding))
    except FileNotFoundError:
        return None


def delete(path: str) -> None:
    default_storage.delete(path)
