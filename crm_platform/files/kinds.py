"""The closed list of what a content can be found to be, and the kinds that people choose from."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

OTHER_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class ContentType:
    """A type of content: its MIME type, its kind, and the extensions under which people know it."""

    mime: str
    kind: str
    extensions: tuple[str, ...]


KINDS: dict[str, Promise] = {
    "image": _("Picture"),
    "pdf": _("PDF"),
    "document": _("Text document"),
    "spreadsheet": _("Spreadsheet"),
    "presentation": _("Presentation"),
    "text": _("Plain text"),
    "archive": _("Archive"),
    "audio": _("Sound"),
    "video": _("Video"),
    "other": _("Other"),
}
_OOXML = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"
TYPES = (
    ContentType("image/png", "image", (".png",)),
    ContentType("image/jpeg", "image", (".jpg", ".jpeg", ".jpe", ".jfif")),
    ContentType("image/webp", "image", (".webp",)),
    ContentType("image/gif", "image", (".gif",)),
    ContentType("application/pdf", "pdf", (".pdf",)),
    ContentType("application/msword", "document", (".doc",)),
    ContentType(f"{_OOXML}.wordprocessingml.document", "document", (".docx",)),
    ContentType(f"{_ODF}.text", "document", (".odt",)),
    ContentType("application/rtf", "document", (".rtf",)),
    ContentType("application/vnd.ms-excel", "spreadsheet", (".xls",)),
    ContentType(f"{_OOXML}.spreadsheetml.sheet", "spreadsheet", (".xlsx",)),
    ContentType(f"{_ODF}.spreadsheet", "spreadsheet", (".ods",)),
    ContentType("application/vnd.ms-powerpoint", "presentation", (".ppt",)),
    ContentType(f"{_OOXML}.presentationml.presentation", "presentation", (".pptx",)),
    ContentType(f"{_ODF}.presentation", "presentation", (".odp",)),
    ContentType("text/plain", "text", (".txt", ".md", ".log", ".json", ".yaml", ".yml", ".ini", ".eml")),
    ContentType("text/csv", "text", (".csv", ".tsv")),
    ContentType("application/zip", "archive", (".zip",)),
    ContentType("application/x-7z-compressed", "archive", (".7z",)),
    ContentType("application/gzip", "archive", (".gz", ".tgz")),
    ContentType("application/x-rar-compressed", "archive", (".rar",)),
    ContentType("audio/mpeg", "audio", (".mp3", ".mpga")),
    ContentType("audio/wav", "audio", (".wav",)),
    ContentType("audio/ogg", "audio", (".ogg", ".oga", ".opus")),
    ContentType("audio/webm", "audio", (".weba",)),
    ContentType("audio/mp4", "audio", (".m4a", ".f4a")),
    ContentType("audio/flac", "audio", (".flac",)),
    ContentType("audio/aac", "audio", (".aac",)),
    ContentType("audio/amr", "audio", (".amr",)),
    ContentType("video/mp4", "video", (".mp4", ".m4v", ".mov")),
    ContentType("video/webm", "video", (".webm",)),
    ContentType("video/ogg", "video", (".ogv",)),
    ContentType("text/html", "other", (".html", ".htm", ".xhtml")),
    ContentType("image/svg+xml", "other", (".svg",)),
    ContentType(OTHER_TYPE, "other", ()),
)
BY_MIME = {item.mime: item for item in TYPES}
BY_EXTENSION = {extension: item for item in TYPES for extension in item.extensions}


def kind_of(mime: str) -> str:
    """Return the kind of a MIME type, "other" for one that is not known."""
    found = BY_MIME.get(mime)
    return found.kind if found else "other"


def mimes_of(kind: str) -> list[str]:
    """Return the MIME types of a kind."""
    return [item.mime for item in TYPES if item.kind == kind]


def extensions_of(kind: str) -> list[str]:
    return [extension for item in TYPES if item.kind == kind for extension in item.extensions]
