"""The checks that every upload passes before it is kept: a registry, to which a virus scanner can be added.

A check raises `Refused`. It sees the content as it was sent, before pictures are written anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from crm_platform.files.facts import size_text
from crm_platform.files.kinds import ContentType
from crm_platform.files.sniffing import matches_name
from crm_platform.kit.errors import Message, ValidationFailed
from crm_platform.kit.registry import Registry


@dataclass(frozen=True)
class Upload:
    """What is about to be kept: the cleaned name, what the content was found to be, and the content."""

    name: str
    type: ContentType
    size: int
    file: IO[bytes]


@dataclass(frozen=True)
class ContentCheck:
    key: str
    check: Callable[[Upload], None]


class Refused(ValidationFailed):
    """An upload that may not be kept."""

    def __init__(self, code: str, message: Message, **params: object) -> None:
        ValidationFailed.__init__(self, ValidationFailed.single("file", code, message, **params).errors)


content_checks: Registry[ContentCheck] = Registry("content check")


def _size(upload: Upload) -> None:
    if not upload.size:
        raise Refused("required", _("The file is empty."))
    if upload.size > settings.FILE_MAX_BYTES:
        message = _("A file may have at most %(max)s.")
        raise Refused("payload_too_large", message, max=size_text(settings.FILE_MAX_BYTES))


def _name(upload: Upload) -> None:
    if not matches_name(upload.type, upload.name):
        raise Refused("invalid_type", _("The content of the file is not what its name says."))


content_checks.register(ContentCheck("size", _size))
content_checks.register(ContentCheck("name", _name))
