"""Which activities are not finished yet, as far as their data model tells."""

from __future__ import annotations

from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledObject
from objects.query.params import SqlText

FINISHED = frozenset({"done", "completed", "closed", "cancelled", "canceled"})  # values of a field `status`
STATUS = "status"


def open_condition(obj: CompiledObject) -> SqlText | None:
    """Return the condition "not finished" on the alias `t` for activities; None for all other objects.

    A stage tells by the category of its choices, a picklist named `status` by its values.
    """
    if not obj.spec.is_activity:
        return None
    for item in obj:
        if item.spec.choice_set is None or item.is_second or item.type.key not in ("stage", "picklist"):
            continue
        choices = item.spec.choice_set.choices
        closed = [choice.value for choice in choices if choice.properties.get("category") in ("won", "lost")]
        if item.type.key == "picklist":
            is_status = item.name.removesuffix("__c") == STATUS
            closed = [choice.value for choice in choices if choice.value in FINISHED] if is_status else []
        if closed:
            column = quote(item.main.column)
            return SqlText(f"(t.{column} IS NULL OR t.{column} <> ALL(%s))", (closed,))
    return None
