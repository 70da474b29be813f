"""Errors of a whole data model, told to the author of one part of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from crm_platform.kit.errors import ValidationFailed


@contextmanager
def own_errors(prefix: str) -> Iterator[None]:
    """Name errors below `prefix` (`objects.lead.fields.score__c`) by the members of that part alone."""
    try:
        yield
    except ValidationFailed as failed:
        start = f"{prefix}."
        errors = [
            replace(error, field=error.field.removeprefix(start)) if error.field else error for error in failed.errors
        ]
        raise ValidationFailed(errors) from failed
