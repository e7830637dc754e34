"""Files of a request, on their way to disk."""

import tempfile
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

# A little more than any file may have, so that whoever looks at it still finds it too large.
KEPT_BYTES = 11 * 1024 * 1024


class BoundedFileUploadHandler(FileUploadHandler):
    """Keeps the beginning of each file: one that is too large is refused by name, and fills no disk before it is.

    The files have no names on disk: whatever becomes of the process, the system takes them back.
    """

    file: "UploadedFile[bytes]"

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, str],  # noqa: N803 -- as Django calls it
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> None:
        """Refuse a request that is too large by what it says of itself, before any of it is kept."""
        # Only those who have signed in have files to send.
        signed_in = getattr(self.request, "evidence", None) is not None
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if signed_in:
            limit += settings.DATA_UPLOAD_MAX_NUMBER_FILES * KEPT_BYTES
        if content_length > limit:
            raise RequestDataTooBig

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.file = UploadedFile(
            tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR),  # noqa: SIM115 -- closed with the request
            self.file_name,
            self.content_type,
            0,
            self.charset,
            self.content_type_extra,
        )

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start < KEPT_BYTES:
            self.file.write(raw_data)

    def file_complete(self, file_size: int) -> "UploadedFile[bytes]":
        self.file.seek(0)
        self.file.size = file_size
        return self.file

    def upload_interrupted(self) -> None:
        if hasattr(self, "file"):
            self.file.close()
