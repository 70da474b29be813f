"""Structured logs: one JSON object a line, each with the request and the organisation it belongs to."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from crm_platform.kit.context import request_id
from crm_platform.kit.json import dumps_str

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "request_id", "schema"}


class ContextFilter(logging.Filter):
    """Adds request id and schema to every record, whoever wrote it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        record.schema = getattr(connection, "schema_name", "-")
        return True


class JsonFormatter(logging.Formatter):
    """Renders a record with the members given as `extra`; exceptions as text in `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", "-"),
            "schema": getattr(record, "schema", "-"),
        }
        extra = {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
        line |= {
            key: value if isinstance(value, str | int | float | bool | None) else str(value)
            for key, value in extra.items()
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return dumps_str(line)


def logging_settings(level: str, style: str) -> dict[str, Any]:
    """Return Django's LOGGING; `style` is "json" or "text"."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"context": {"()": ContextFilter}},
        "formatters": {
            "json": {"()": JsonFormatter},
            "text": {"format": "{asctime} {levelname:7} {name} [{request_id} {schema}] {message}", "style": "{"},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": style, "filters": ["context"]}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django's own handlers would print every line twice; 4xx answers are in the request log.
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.request": {"level": "ERROR"},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
        },
    }
