"""Secrets that a program carries: keys and addresses, told once and kept as digests."""

from __future__ import annotations

import hashlib
import secrets


def new_token() -> str:
    """Return 256 random bits as text that fits into an address."""
    return secrets.token_urlsafe(32)


def token_digest(token: str) -> str:
    """Return what is kept of a token: so many random bits need no slow hash, and no salt."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
