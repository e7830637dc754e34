"""Files of a request, on their way to disk."""

from typing import Any

from django.core.files.uploadhandler import TemporaryFileUploadHandler

# A little more than any file may have, so that whoever looks at it still finds it too large.
KEPT_BYTES = 11 * 1024 * 1024


class BoundedFileUploadHandler(TemporaryFileUploadHandler):
    """Keeps the beginning of each file: one that is too large is refused by name, and fills no disk before it is."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> Any:
        if start < KEPT_BYTES:
            super().receive_data_chunk(raw_data, start)
