"""An employee file between its preview and its apply: what was looked at in the admin is what is imported.

It lies under `businesses/<business id>/imports/` with an opaque name; the page carries, signed, which file it is, whose,
and the hash of its preview. It goes when it has been imported. One that was left lying is good for nothing after an hour.
"""

import uuid
from typing import Any, NamedTuple

from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from uuid_utils.compat import uuid7

from businesses.tenancy.context import get_current_business_id

FOLDER = "imports"
MAX_AGE_SECONDS = 3600
_SALT = "automatehq.employee-import"


class Kept(NamedTuple):
    """A file that waits: its bytes, and the hash of the preview that was shown."""

    path: str
    data: bytes
    hash: str


def folder_of(business_id: uuid.UUID) -> str:
    """Where the files of a business wait; whatever is older than an hour there may be deleted."""
    return f"businesses/{business_id}/{FOLDER}"


def keep(data: bytes, *, hash: str, user: Any) -> str:  # noqa: A002 -- as the API calls it
    """Store a file that was previewed; gives what the page carries."""
    business_id = get_current_business_id()
    path = default_storage.save(
        f"{folder_of(business_id)}/{uuid7().hex}", ContentFile(data)
    )
    return signing.dumps([path, hash, str(business_id), str(user.pk)], salt=_SALT)


def find(carried: str, *, user: Any) -> Kept | None:
    """The file of a page that this user was shown in this business in the last hour; None if it is not, or gone."""
    try:
        path, hash_, *whose = signing.loads(
            carried, salt=_SALT, max_age=MAX_AGE_SECONDS
        )
    except signing.BadSignature:
        return None
    if whose != [str(get_current_business_id()), str(user.pk)]:
        return None
    try:
        with default_storage.open(path) as file:
            return Kept(path, file.read(), hash_)
    except FileNotFoundError:
        return None


def forget(kept: Kept) -> None:
    default_storage.delete(kept.path)
