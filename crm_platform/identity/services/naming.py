"""Names of roles, profiles and permission sets: the one people read, and the one that programs and packages use."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any, TypeVar

from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.errors import FieldError, NotFound, ValidationFailed

API_NAME = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
ModelT = TypeVar("ModelT", bound=Model)


def found(model: type[ModelT], row_id: uuid.UUID, message: Any) -> ModelT:
    """Return the row of a UUID, locked; raises NotFound with the message."""
    row = model._default_manager.select_for_update(of=("self",)).filter(uuid=row_id).first()
    if row is None:
        raise NotFound(message)
    return row


def normalize(row: Any, prefix: str) -> None:
    """Trim the names of a row; one without an API name gets the first free number after the prefix."""
    row.name, row.api_name = row.name.strip(), row.api_name.strip()
    if not row.api_name:
        taken = set(type(row).objects.filter(api_name__startswith=prefix).values_list("api_name", flat=True))
        row.api_name = next(name for number in range(1, len(taken) + 2) if (name := f"{prefix}_{number}") not in taken)


def name_errors(row: Any) -> list[FieldError]:
    """Return what is wrong with the names of a row that is about to be saved."""
    others, errors = type(row).objects.exclude(pk=row.pk), []
    if not row.name:
        errors.append(FieldError("name", "required", _("Give a name.")))
    if len(row.name) > 100:
        errors.append(FieldError("name", "too_long", _("Give a name of at most 100 characters.")))
    if others.filter(name=row.name).exists():
        errors.append(FieldError("name", "not_unique", _("Another one has this name.")))
    if not API_NAME.match(row.api_name):
        message = _("Use a-z, 0-9 and _, beginning with a letter, at most 40 characters.")
        errors.append(FieldError("api_name", "invalid_type", message))
    elif others.filter(api_name=row.api_name).exists():
        errors.append(FieldError("api_name", "not_unique", _("Another one has this API name.")))
    return errors


def require_known(changes: Mapping[str, Any], known: frozenset[str]) -> None:
    """Raise ValidationFailed for attributes that there are not."""
    if unknown := sorted(set(changes) - known):
        raise ValidationFailed(
            FieldError(name[:120], "unknown_field", _("There is no such field.")) for name in unknown
        )
