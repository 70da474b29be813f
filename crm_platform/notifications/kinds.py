"""The kinds of notifications that this code can send; layers above register theirs in `AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.registry import Registry

APP, MAIL = "app", "mail"
CHANNELS: dict[str, str | Promise] = {APP: _("In the console"), MAIL: _("By e-mail")}


@dataclass(frozen=True, slots=True)
class NotificationKind:
    """A kind; `default_channels` are those through which it goes to whoever has chosen nothing."""

    key: str
    label: str | Promise
    default_channels: frozenset[str]


kinds: Registry[NotificationKind] = Registry("kind of notification")


def register_kind(key: str, label: str | Promise, default_channels: Iterable[str] = (APP, MAIL)) -> NotificationKind:
    """Make a kind of notification known under `key`; `label` is what people read where they switch it on and off."""
    channels = frozenset(default_channels)
    if not channels <= CHANNELS.keys():
        raise ValueError(f"notification kind {key!r} names an unknown channel")
    return kinds.register(NotificationKind(key, label, channels))


def kind_label(key: str) -> str | Promise:
    """Return what people read for a kind; its key when this code does not know it."""
    return kinds.get(key).label if key in kinds else key
