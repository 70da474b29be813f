"""Sealing: texts that are stored encrypted, opened only on purpose, and found by a keyed digest.

Keys come from the environment: `ENCRYPTION_KEYS="2026:secret,2025:older secret"`. The first seals; all of them
open, by the key id that each sealed text begins with. So a key is changed by putting a new one in front and
sealing everything anew (`manage.py reseal`), after which the old one can go. Digests have a secret of their own,
`BLIND_INDEX_SECRET`, which stays; without one they use that of the last key. Without any keys, everything is
derived from SECRET_KEY, under the key id `app`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

NONCE_BYTES = 12
APP_KEY_ID = "app"
_PURPOSE = b"crm-platform sealed text 1"


class CannotOpen(RuntimeError):
    """A sealed text whose key is not configured, or that was tampered with."""


def seal(text: str) -> str:
    """Return the text encrypted with the present key: `<key id>.<nonce and ciphertext>`; never twice the same."""
    key_id, secret = _keys()[0]
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(_derive(secret, b"seal")).encrypt(nonce, text.encode(), _bound_to(key_id))
    return f"{key_id}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def unseal(token: str) -> str:
    """Return what `seal` was given; raises CannotOpen."""
    key_id, _dot, body = token.partition(".")
    secret = dict(_keys()).get(key_id)
    if secret is None:
        raise CannotOpen(f"no encryption key {key_id!r} is configured")
    try:
        raw = base64.urlsafe_b64decode(body.encode())
        text = AESGCM(_derive(secret, b"seal")).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _bound_to(key_id))
    except (InvalidTag, ValueError, binascii.Error):
        raise CannotOpen("the sealed text was changed, or its key is another") from None
    return text.decode()


def digest(text: str) -> str:
    """Return a keyed digest (HMAC-SHA-256, hexadecimal): equal for equal texts, and says nothing about them."""
    secret = settings.BLIND_INDEX_SECRET or _keys()[-1][1]
    return hmac.new(_derive(secret, b"index"), text.encode(), "sha256").hexdigest()


def is_current(token: str) -> bool:
    """Tell whether the text was sealed with the present key."""
    return token.partition(".")[0] == _keys()[0][0]


def _keys() -> tuple[tuple[str, str], ...]:
    return _parse(tuple(settings.ENCRYPTION_KEYS), settings.SECRET_KEY)


@lru_cache(maxsize=4)
def _parse(given: tuple[str, ...], fallback: str) -> tuple[tuple[str, str], ...]:
    keys = tuple((key_id.strip(), secret) for key_id, _colon, secret in (item.partition(":") for item in given))
    if any(not key_id or "." in key_id or len(secret) < 16 for key_id, secret in keys):
        raise RuntimeError(
            "ENCRYPTION_KEYS wants id:secret pairs, without dots in ids, secrets of 16 characters or more"
        )
    return keys or ((APP_KEY_ID, fallback),)


@lru_cache(maxsize=32)
def _derive(secret: str, part: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=_PURPOSE + b" " + part).derive(secret.encode())


def _bound_to(key_id: str) -> bytes:
    return _PURPOSE + key_id.encode()
