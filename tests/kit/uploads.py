"""Contents of every kind for tests of files, and the shortest way to keep one in the store."""

from __future__ import annotations

import io
import wave
import zipfile
from typing import Any

from PIL import Image

from crm_platform.files import services
from crm_platform.files.models import StoredFile
from crm_platform.kit.context import Actor

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
HTML = b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def picture(form: str = "PNG", size: tuple[int, int] = (40, 20), color: str = "navy", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, form, **options)
    return out.getvalue()


def sound(seconds: float = 0.05, pitch: int = 1) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 1, 8000, 0, "NONE", ""))
        file.writeframes(bytes((n * pitch) % 256 for n in range(int(8000 * seconds))))
    return out.getvalue()


def office(folder: str) -> bytes:
    """Return a container as Word (`word/`), Excel (`xl/`) and PowerPoint (`ppt/`) make it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(f"{folder}document.xml", "<x/>")
    return out.getvalue()


def upload(actor: Actor, name: str = "note.txt", content: bytes = b"Hello", declared: str = "") -> StoredFile:
    return services.keep(actor, io.BytesIO(content), name, declared)
