"""What the database refuses, told as an error of the field that it is about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.db import DatabaseError
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.db import sqlstate
from metadata.compiler.compiled import CompiledField, CompiledObject
from objects.records.drafts import Draft

NOT_NULL, FOREIGN_KEY, UNIQUE, CHECK = "23502", "23503", "23505", "23514"
DATA_EXCEPTION = "22"  # a class of states: too long, out of range, not representable

_CODES = {
    NOT_NULL: ("required", _("This field is required.")),
    FOREIGN_KEY: ("invalid_reference", _("There is no such record.")),
    UNIQUE: ("not_unique", _("Another record has this value.")),
    CHECK: ("required", _("This field is required.")),  # the only checks are those of mandatory columns
}
_OTHER = ("invalid_type", _("The database does not take a value."))
# u_c_42 (unique), u_c_42__0a1b2c3d (in a scope), fk_c_42 (foreign key), nn_c_42 (mandatory), u_7_external_id,
# o_7_owner_id_fkey
_NAME = re.compile(r"^(?:u|fk|nn)_(c_\d+\w*?)(?:__[0-9a-f]{8})?$|^(?:u|o)_\d+_(\w+?)(?:_fkey)?$")


def is_violation(error: DatabaseError) -> bool:
    """Tell whether the database refused the values (and not, say, lost the connection)."""
    state = sqlstate(error) or ""
    return state in _CODES or state.startswith(DATA_EXCEPTION)


def report(error: DatabaseError, obj: CompiledObject, draft: Draft) -> None:
    """Add the error to the draft, at the field that the constraint belongs to."""
    code, message = _CODES.get(sqlstate(error) or "", _OTHER)
    field = violated_field(error, obj)
    draft.error(field.name if field else None, code, message)


def violated_field(error: DatabaseError, obj: CompiledObject) -> CompiledField | None:
    """Return the field whose column or constraint the error names."""
    diagnostics = getattr(error.__cause__, "diag", None)
    column = getattr(diagnostics, "column_name", None)
    if not column:
        match = _NAME.match(getattr(diagnostics, "constraint_name", None) or "")
        column = (match[1] or match[2]) if match else None
    return _by_column(obj).get(column or "")


def _by_column(obj: CompiledObject) -> Mapping[str, CompiledField]:
    found: dict[str, Any] = obj.plans.fetch(
        "records.by_column", lambda: {column.column: field for field in obj for column in field.columns}
    )
    return found
