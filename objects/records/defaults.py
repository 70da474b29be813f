"""What a new record has when its creator does not say: id, owner, currency, and the fields' own defaults."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from crm_platform.kit.ids import uuid7
from metadata.compiler.compiled import CompiledField
from metadata.field_types.values import CleanContext, InvalidValue, Reference
from objects.records.drafts import CURRENCY, OWNER, Batch


def system_defaults(batch: Batch) -> None:
    """Give every draft an id, the actor as owner and the organisation's currency; amounts depend on the last."""
    for draft in batch.open:
        draft.id = uuid7()
        if OWNER not in draft.given and batch.actor.user_id is not None:
            draft.values[OWNER] = Reference("user", batch.actor.user_id, batch.actor.name)
        if draft.given.get(CURRENCY) in (None, ""):
            draft.values[CURRENCY] = batch.base_currency


def field_defaults(batch: Batch) -> None:
    """Fill in the defaults of the business fields that were not given; what is given as empty stays empty."""
    fields = [field for field in batch.table.writable if not field.spec.is_system]
    by_currency: dict[int, Mapping[str, Any]] = {}  # amounts depend on it; all else is the same for the whole batch
    for draft in batch.open:
        ctx = batch.context(draft)
        if id(ctx) not in by_currency:
            found = ((field.name, _default(field, ctx)) for field in fields)
            by_currency[id(ctx)] = {name: value for name, value in found if value is not None}
        for name, value in by_currency[id(ctx)].items():
            if name not in draft.given or name not in batch.editable:
                draft.values[name] = deepcopy(value) if isinstance(value, list | dict) else value


def carry(batch: Batch) -> None:
    """Give new records what another record brings to them, in place of defaults; the caller's own values stand."""
    for draft in batch.open:
        draft.values.update({name: value for name, value in draft.carried.items() if name not in draft.given})


def _default(field: CompiledField, ctx: CleanContext) -> Any:
    """Return the field's default; None when it has none, or when it is no longer valid (a retired choice)."""
    try:
        return field.type.default(field.spec, ctx)
    except InvalidValue:
        return None
