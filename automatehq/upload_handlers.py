"""Upload handlers, which write files of a request to disk."""

import tempfile
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

# Slightly above the limit of a file, so that the validation of the stored part rejects it as too large.
STORED_BYTES = 11 * 1024 * 1024


class BoundedFileUploadHandler(FileUploadHandler):
    """A handler that stores only the beginning of each file, to protect the disk.

    A file that is too large is rejected by name. The files have no names on disk, so that the system frees their
    space even after a crash.
    """

    file: "UploadedFile[bytes]"

    def handle_raw_input(
        self,
        input_data: object,
        META: dict[str, str],  # noqa: N803 -- as Django calls it
        content_length: int,
        boundary: object,
        encoding: str | None = None,
    ) -> None:
        """Reject a request with a Content-Length above the limit before any of it is stored."""
        # Only authenticated users may upload files.
        signed_in = getattr(self.request, "credentials", None) is not None
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if signed_in:
            limit += settings.DATA_UPLOAD_MAX_NUMBER_FILES * STORED_BYTES
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
        if start < STORED_BYTES:
            self.file.write(raw_data)

    def file_complete(self, file_size: int) -> "UploadedFile[bytes]":
        self.file.seek(0)
        self.file.size = file_size
        return self.file

    def upload_interrupted(self) -> None:
        if hasattr(self, "file"):
            self.file.close()
