"""Sending a stored content: never as a page of this site, whatever it holds."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from crm_platform.files import pictures, store
from crm_platform.files.models import StoredFile
from crm_platform.kit.errors import NotFound

SHOWN_KINDS = ("image/", "audio/", "video/")  # what a page may show in place; all else is saved to disk
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",  # asked again each time: rights may have been taken away
}
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def send(request: HttpRequest, file: StoredFile) -> HttpResponseBase:
    """Return the content of a file that the caller may read, the part asked for by `Range` (players need it).

    `?size=` asks for a small copy of a picture, `?download=1` has it saved in any case.
    """
    side = request.GET.get("size", "")
    if side and not (file.is_image and side in map(str, store.THUMBNAIL_SIDES)):
        raise NotFound
    etag = f'"{file.sha256[:32]}{side and "-" + side}"'
    if request.headers.get("If-None-Match", "").removeprefix("W/") == etag:
        return HttpResponse(status=304, headers={"ETag": etag, **HEADERS})
    try:
        response = _thumbnail(file, int(side)) if side else _content(request, file)
    except FileNotFoundError:
        raise NotFound from None
    response["ETag"] = etag
    for name, value in HEADERS.items():
        response[name] = value
    return response


def _thumbnail(file: StoredFile, side: int) -> HttpResponseBase:
    key = store.thumbnail_key(file.sha256, side)
    if not store.storage().exists(key):
        with file.opened() as original:
            store.write(key, io.BytesIO(pictures.shrunk(original, side)))
    return FileResponse(store.open_content(key), content_type="image/webp")


def _content(request: HttpRequest, file: StoredFile) -> HttpResponseBase:
    content = file.opened()
    is_shown = file.content_type.startswith(SHOWN_KINDS) and file.content_type != "image/svg+xml"
    is_saved = not is_shown or request.GET.get("download") == "1"
    response = _part(content, request.headers.get("Range", ""), file.size)
    response["Content-Type"] = file.content_type
    response["Accept-Ranges"] = "bytes"
    response["Content-Disposition"] = content_disposition_header(is_saved, file.name) or "attachment"
    return response


def _part(content: Any, wanted: str, size: int) -> HttpResponseBase:
    """Return the whole content, or the one range that was asked for; several ranges get the whole."""
    found = _RANGE.fullmatch(wanted)
    if not found or not (found[1] or found[2]):
        response = FileResponse(content)
        response["Content-Length"] = str(size)
        return response
    first = int(found[1]) if found[1] else max(0, size - int(found[2]))
    last = min(int(found[2]), size - 1) if found[1] and found[2] else size - 1
    if first > last:
        content.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    part = StreamingHttpResponse(_slice(content, first, last - first + 1), status=206)
    part["Content-Range"] = f"bytes {first}-{last}/{size}"
    part["Content-Length"] = str(last - first + 1)
    return part


def _slice(content: Any, start: int, length: int) -> Iterator[bytes]:
    with content:
        content.seek(start)
        while length > 0 and (chunk := content.read(min(store.CHUNK, length))):
            length -= len(chunk)
            yield chunk
