"""What callers are told of a stored file."""

from __future__ import annotations

from typing import Any

from crm_platform.files.kinds import kind_of
from crm_platform.files.models import StoredFile


def size_text(size: int) -> str:
    """Return a size as people of every language read it: 512 B, 1.4 KB, 20 MB."""
    if size < 1024:
        return f"{size} B"
    amount, unit = next(
        (size / 1024**n, u) for n, u in ((1, "KB"), (2, "MB"), (3, "GB")) if size < 1024 ** (n + 1) or n == 3
    )
    return f"{amount:.1f} {unit}" if amount < 10 and round(amount, 1) % 1 else f"{amount:.0f} {unit}"


def facts_of(file: StoredFile) -> dict[str, Any]:
    """Return a file as JSON."""
    return {
        "id": str(file.id),
        "name": file.name,
        "size": file.size,
        "size_text": size_text(file.size),
        "content_type": file.content_type,
        "kind": kind_of(file.content_type),
        "width": file.width,
        "height": file.height,
        "sha256": file.sha256,
        "created_at": file.created_at,
        "is_attached": file.record_id is not None and file.detached_at is None,
    }
