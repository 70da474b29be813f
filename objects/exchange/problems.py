"""What is wrong with a file as such; what is wrong with its rows is told row by row."""

from __future__ import annotations

from crm_platform.kit.errors import FieldError, Message, ValidationFailed

MAX_ROWS = 1_000_000
MAX_COLUMNS = 500
MAX_CELL = 131_072  # characters: more than any field takes
MAX_LINE = 4_000_000


class BadFile(ValidationFailed):
    """A file that can't be read as a table."""

    def __init__(self, code: str, message: Message, **params: object) -> None:
        super().__init__([FieldError("file", code, message, params)])
