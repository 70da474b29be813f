"""Pictures: decoded under limits and written anew, so that only pixels are kept; and small ones made of them."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from django.conf import settings
from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
MAX_FRAMES = 200
MAX_PROFILE = 64 * 1024
QUALITY = 90
KEPT_INFO = ("icc_profile", "transparency")  # what colours depend on; not comments, places or cameras


class BadPicture(Exception):
    """The content is no picture that can be shown, or one that would take too much to decode."""


@dataclass(frozen=True)
class Limits:
    """Which formats are taken, and how many pixels all frames may have together (None: what the settings say)."""

    formats: tuple[str, ...] = tuple(FORMATS)
    pixels: int | None = None


ANY = Limits()


@dataclass(frozen=True)
class Picture:
    content: bytes
    content_type: str
    width: int
    height: int


def written_anew(file: IO[bytes]) -> Picture:
    """Return the picture as nothing but its pixels, upright: no place, camera or hidden text; raises BadPicture."""
    with _opened(file) as image:
        form = str(image.format)
        if getattr(image, "n_frames", 1) > 1:
            return _animated(image, form)
        upright = ImageOps.exif_transpose(image)
        upright.load()
    upright.info = {key: upright.info[key] for key in KEPT_INFO if key in upright.info}
    out = io.BytesIO()
    upright.save(out, form, **_options(upright, form))
    return Picture(out.getvalue(), FORMATS[form], upright.width, upright.height)


def shrunk(file: IO[bytes], side: int, form: str = "WEBP", limits: Limits = ANY) -> bytes:
    """Return the picture's first frame with sides of at most `side` pixels; raises BadPicture."""
    with _opened(file, limits) as image:
        image.draft("RGB", (side, side))
        upright = ImageOps.exif_transpose(image)
        picture = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    picture.thumbnail((side, side))
    out = io.BytesIO()
    picture.save(out, form)
    return out.getvalue()


@contextmanager
def _opened(file: IO[bytes], limits: Limits = ANY) -> Iterator[Image.Image]:
    """Open a picture whose dimensions are within the limits; whatever its content does wrong is a BadPicture."""
    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=limits.formats) as image:
                frames = getattr(image, "n_frames", 1)
                if frames > MAX_FRAMES or image.width * image.height * frames > (
                    limits.pixels or settings.FILE_MAX_PIXELS
                ):
                    raise BadPicture
                yield image
    except (
        *(UnidentifiedImageError, OSError, ValueError, SyntaxError, IndexError, TypeError, EOFError, KeyError),
        *(Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError, OverflowError),
    ) as error:
        raise BadPicture from error


def _options(image: Image.Image, form: str) -> dict[str, object]:
    profile = image.info.get("icc_profile") or b""
    kept: dict[str, object] = {"icc_profile": profile} if 0 < len(profile) <= MAX_PROFILE else {}
    if form == "PNG":
        return {**kept, "optimize": image.width * image.height < 1_000_000}
    return {**kept, "quality": QUALITY} if form in ("JPEG", "WEBP") else {}


def _animated(image: Image.Image, form: str) -> Picture:
    out = io.BytesIO()
    image.info.pop("exif", None)
    image.save(out, form, save_all=True, comment=b"")
    return Picture(out.getvalue(), FORMATS[form], image.width, image.height)
