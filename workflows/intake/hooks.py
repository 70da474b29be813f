"""Hooks: addresses to which other programs post documents of their own shape, which a mapping makes records of."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from crm_platform.events.clock import database_now
from crm_platform.kit.context import client_address
from crm_platform.kit.errors import FieldError, NotFound
from crm_platform.kit.json import dumps, loads
from workflows.intake import making
from workflows.intake.mapping import MISSING, find, is_path, mapped, mapping_errors
from workflows.intake.models import HookDelivery, InboundHook, digest_of
from workflows.intake.settling import SHARED, Kind
from workflows.intake.submitting import TooManySubmissions
from workflows.intake.windows import WINDOW

PER_HOOK = 1_000  # deliveries within WINDOW
MAX_KEPT = 32 * 1024  # characters of a body
KEPT_FOR = timedelta(days=30)  # bodies; that something came, and what became of it, stays
MASK = "******"
TEXTS = {"once_path": 200, "once_header": 80}
_SECRET = re.compile(
    r"passw|passwd|pwd$|secret|token|api_?-?key|authorization|signature|credential|private_?-?key|^cvv$|card_?number",
    re.I,
)
_HEADER = re.compile(r"[A-Za-z0-9-]*")


@dataclass(frozen=True, slots=True)
class Received:
    """A document as it came; `given_once` is what the hook's header says of which one it is."""

    document: Any
    body: bytes
    given_once: str = ""


def active_hook(token: str) -> InboundHook:
    """Return the hook that others may use; raises NotFound."""
    rows = InboundHook.objects.select_related("business_object", "pool")
    hook = rows.filter(token=token, is_active=True).first()
    if hook is None:
        raise NotFound
    return hook


def receive(hook: InboundHook, received: Received) -> HookDelivery:
    """Take a document: the same one again changes nothing, and gets the same answer.

    What can't be saved is held back with the reason. Raises TooManySubmissions.
    """
    once = once_of(hook, received)
    known = hook.arrivals.filter(once=once).first()
    if known is not None:
        return known
    recent = hook.arrivals.filter(at__gt=database_now() - WINDOW)
    if recent[:PER_HOOK].count() >= PER_HOOK:
        raise TooManySubmissions
    body, is_whole = kept(received.document)
    values = mapped(hook, received.document)
    row = HookDelivery(
        hook=hook, once=once, values=values, body=body, is_whole=is_whole, address=client_address.get()[:45]
    )
    return making.keep_once(hook.arrivals.all(), row, lambda: making.make(row, values))


def once_of(hook: InboundHook, received: Received) -> str:
    """Return what names a document once and for all."""
    found = find(received.document, hook.once_path) if hook.once_path else MISSING
    if found is not MISSING and found not in (None, "") and not isinstance(found, dict | list):
        said = f"path {found}"
    elif received.given_once:
        said = f"header {received.given_once}"
    else:
        return hashlib.sha256(b"body " + received.body).hexdigest()
    return digest_of(said)


def kept(document: Any) -> tuple[str, bool]:
    """Return what is kept of a document, and whether that is all of it."""
    shown = _without_secrets(document)
    text = dumps(shown).decode()
    return text[:MAX_KEPT], len(text) <= MAX_KEPT and shown == document


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: MASK if _SECRET.search(name) and item not in (None, "") else _without_secrets(item)
            for name, item in value.items()
        }
    return [_without_secrets(item) for item in value] if isinstance(value, list) else value


def values_again(row: HookDelivery) -> Mapping[str, Any]:
    """Return the values by the mapping as it is now, where all of the body is there still."""
    return mapped(row.hook, loads(row.body)) if row.is_whole and row.body else row.values


def forget_bodies() -> int:
    """Let go of the bodies that are older than KEPT_FOR, but for those of what waits; return of how many."""
    old = HookDelivery.objects.filter(at__lt=database_now() - KEPT_FOR).exclude(body="")
    return old.exclude(state=HookDelivery.State.HELD).update(body="", is_whole=False)


def _errors(row: InboundHook) -> list[FieldError]:
    errors = mapping_errors(row)
    if row.once_path and not is_path(row.once_path):
        text = _("%(path)s is no path: write it as contact.phones[0].number.")
        errors.append(FieldError("once_path", "invalid_choice", text, {"path": row.once_path}))
    if not _HEADER.fullmatch(row.once_header):
        errors.append(FieldError("once_header", "invalid_type", _("Enter the name of a header, such as X-Request-Id.")))
    return errors


HOOKS = Kind(InboundHook, "hook", (*SHARED, "mapping", "is_signed", *TEXTS), _errors, texts=TEXTS, values=values_again)


def last_document(hook: InboundHook, delivery_id: uuid.UUID | None = None) -> tuple[HookDelivery, Any] | None:
    """Return the last delivery whose body can be read, or the one asked for, with its document."""
    rows = hook.arrivals.exclude(body="").order_by("-id")
    for row in rows.filter(pk=delivery_id) if delivery_id else rows[:10]:
        try:
            return row, loads(row.body)
        except ValueError:  # it was cut
            continue
    return None
