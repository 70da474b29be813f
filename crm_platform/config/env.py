"""Typed settings from the environment; the only place that reads `os.environ`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

BASE_DIR = Path(__file__).resolve().parents[2]


class SettingError(RuntimeError):
    """A setting is missing or malformed; the message says which one and what it wants."""


def text(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise SettingError(f"{name} is not set")
    return value


def flag(name: str, default: bool = False) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"0", "false", "no", "off", ""}:
        return False
    raise SettingError(f"{name} must be yes or no, not {value!r}")


def number(name: str, default: int) -> int:
    value = os.environ.get(name, "")
    if not value:
        return default
    try:
        return int(value)
    except ValueError:
        raise SettingError(f"{name} must be a whole number, not {value!r}") from None


def words(name: str, default: str = "") -> list[str]:
    """Return a comma-separated list."""
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def mapping(name: str) -> dict[str, Any]:
    """Return a JSON object, empty when the setting is not there."""
    try:
        value = json.loads(os.environ.get(name) or "{}")
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise SettingError(f"{name} must be a JSON object")
    return value


def data_folder(name: str) -> Path:
    """Return a folder for what the platform keeps outside the database: below DATA_DIR, or the checkout's var/."""
    return Path(os.environ.get("DATA_DIR") or BASE_DIR / "var") / name


def database(name: str, default: str | None = None) -> dict[str, Any]:
    """Return Django's DATABASES entry for a `postgresql://user:password@host:port/name?sslmode=…` URL.

    A unix socket directory goes into `?host=/path`.
    """
    url = urlsplit(text(name, default))
    if url.scheme not in {"postgres", "postgresql"}:
        raise SettingError(f"{name} must be a postgresql:// URL")
    options = dict(parse_qsl(url.query))
    host = options.pop("host", None) or unquote(url.hostname or "")
    return {
        "ENGINE": "crm_platform.tenancy.backend",
        "NAME": unquote(url.path.lstrip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": host,
        "PORT": str(options.pop("port", None) or url.port or ""),
        "OPTIONS": options,
    }


def broker_url(redis_url: str) -> str:
    """Return Celery's spelling of a Redis URL: it names unix sockets in a way of its own."""
    url = urlsplit(redis_url)
    if url.scheme != "unix":
        return redis_url
    database = dict(parse_qsl(url.query)).get("db", "0")
    return f"redis+socket://{url.path}?virtual_host={database}"


def mail_server(name: str) -> dict[str, Any] | None:
    """Return what opens a connection to a mail server, None when there is none.

    `smtp://user:password@host:587?tls=starttls`, or `smtps://…` for TLS from the first byte.
    """
    given = text(name, "")
    if not given:
        return None
    url, tls = urlsplit(given), dict(parse_qsl(urlsplit(given).query)).get("tls", "")
    if url.scheme not in {"smtp", "smtps"} or not url.hostname or tls not in {"", "starttls"}:
        raise SettingError(f"{name} must be an smtp:// or smtps:// URL")
    return {
        "host": url.hostname,
        "port": url.port or (465 if url.scheme == "smtps" else 25),
        "username": unquote(url.username or ""),
        "password": unquote(url.password or ""),
        "use_tls": tls == "starttls",
        "use_ssl": url.scheme == "smtps",
    }
