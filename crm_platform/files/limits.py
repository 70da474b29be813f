"""Stops a request with files at the door when it is larger than any upload may be."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

FRAME = 1024 * 1024  # what the parts around the files may take


class UploadLimit(FileUploadHandler):
    """Reads the announced length before any of the body is stored; the handlers behind it store the chunks."""

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, *args: Any, **kwargs: Any) -> None:
        if content_length > settings.FILE_MAX_BYTES + FRAME:
            raise RequestDataTooBig("The request is larger than any upload may be.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
