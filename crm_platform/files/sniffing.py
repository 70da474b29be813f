"""What a content really is, whatever its sender calls it; and names fit to be shown and saved."""

from __future__ import annotations

import contextlib
import re
import unicodedata
import zipfile
import zlib
from typing import IO

import puremagic

from crm_platform.files.kinds import BY_EXTENSION, BY_MIME, OTHER_TYPE, ContentType

HEAD = 8 * 1024
MAX_NAME = 200
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_EXTENSIONS = (".doc", ".xls", ".ppt")
_BAD_ZIP = (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, zlib.error)
_OFFICE_FOLDERS = {"word/": ".docx", "xl/": ".xlsx", "ppt/": ".pptx"}
_MARKUP = re.compile(rb"<(!doctype\s+html|html|head|body|script|iframe|svg|\?xml|math|img|a)\b", re.I)
# The same container holds sound or pictures that move; only names and senders tell them apart.
_SOUND_IN = {"video/webm": "audio/webm", "video/mp4": "audio/mp4", "video/ogg": "audio/ogg"}
_SOUND_EXTENSIONS = frozenset({".weba", ".m4a", ".f4a", ".oga", ".opus", ".ogg", ".aac"})
_CONTAINERS = {b"\x1aE\xdf\xa3": "video/webm", b"OggS": "video/ogg"}
_SURE_OF = frozenset({"image", "pdf", "document", "spreadsheet", "presentation", "archive", "audio", "video"})


def sniff(file: IO[bytes], name: str, declared: str = "") -> ContentType:
    """Return the type of a content; `declared` only decides whether a container holds sound or a video."""
    file.seek(0)
    head = file.read(HEAD)
    extension = extension_of(name)
    if head.startswith(_ZIP):
        return _in_zip(file)
    if head.startswith(_OLE):
        return BY_EXTENSION[extension if extension in _OLE_EXTENSIONS else ".doc"]
    container = _container(head)
    if container:
        is_sound = declared.startswith("audio/") or extension in _SOUND_EXTENSIONS
        return BY_MIME[_SOUND_IN[container] if is_sound else container]
    return _by_magic(head, extension) or _text(head, extension) or BY_MIME[OTHER_TYPE]


def matches_name(found: ContentType, name: str) -> bool:
    """Tell whether a content is what its name promises; names that promise nothing certain match everything."""
    promised = BY_EXTENSION.get(extension_of(name))
    return promised is None or promised.kind not in _SURE_OF or _family(promised) == _family(found)


def _family(item: ContentType) -> str:
    return "sound or video" if item.kind in ("audio", "video") else item.kind


def _container(head: bytes) -> str:
    if head[4:8] == b"ftyp":
        return "" if head[8:12] in (b"heic", b"heix", b"mif1", b"avif", b"avis") else "video/mp4"
    return next((mime for magic, mime in _CONTAINERS.items() if head.startswith(magic)), "")


def _in_zip(file: IO[bytes]) -> ContentType:
    """Return the office format that a ZIP archive is, or that it is an archive; macros make it "other"."""
    names: list[str] = []
    mimetype = ""
    with contextlib.suppress(*_BAD_ZIP), zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        if names[:1] == ["mimetype"] and archive.infolist()[0].file_size < 100:
            mimetype = archive.read("mimetype").decode("ascii", "replace").strip()
    if any(name.endswith("vbaProject.bin") for name in names):
        return BY_MIME[OTHER_TYPE]
    if mimetype.startswith("application/vnd.oasis.opendocument") and mimetype in BY_MIME:
        return BY_MIME[mimetype]
    if "[Content_Types].xml" in names:
        for folder, extension in _OFFICE_FOLDERS.items():
            if any(name.startswith(folder) for name in names):
                return BY_EXTENSION[extension]
    return BY_MIME["application/zip"]


def _by_magic(head: bytes, extension: str) -> ContentType | None:
    """Return the known type that the first bytes give away, the one of the name's extension when it is among them."""
    try:
        found = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return None
    known = [BY_EXTENSION[item.extension] for item in found if item.extension in BY_EXTENSION and item.byte_match]
    binary = [item for item in known if item.kind not in ("text", "other")]
    promised = BY_EXTENSION.get(extension)
    return promised if promised in binary else next(iter(binary), None)


def _text(head: bytes, extension: str) -> ContentType | None:
    if not _is_text(head):
        return None
    markup = _MARKUP.search(head)
    if markup:
        return BY_MIME["image/svg+xml" if b"<svg" in head.lower() else "text/html"]
    promised = BY_EXTENSION.get(extension)
    return promised if promised and promised.kind == "text" else BY_MIME["text/plain"]


def _is_text(head: bytes) -> bool:
    if b"\0" in head or sum(byte < 9 or 13 < byte < 32 for byte in head):
        return False
    for encoding in ("utf-8", "gb18030"):
        for cut in range(4):  # the head may end inside a character
            with contextlib.suppress(UnicodeDecodeError):
                head[: len(head) - cut].decode(encoding)
                return True
    return False


def extension_of(name: str) -> str:
    """Return the last extension of a name in lower case, "" without one."""
    stem, dot, extension = name.rpartition(".")
    return f".{extension.lower()}" if dot and stem else ""


def clean_name(name: str) -> str:
    """Return a name without folders, control or invisible characters, short enough, never empty."""
    last = re.split(r"[\\/]", name)[-1]
    shown = "".join(c for c in unicodedata.normalize("NFC", last) if unicodedata.category(c) not in _UNSEEN)
    shown = re.sub(r"\s+", " ", shown).strip(" .")
    extension = extension_of(shown)[:20]
    if len(shown) > MAX_NAME:
        shown = shown[: MAX_NAME - len(extension)].rstrip(" .") + extension
    return shown or "file"


_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
