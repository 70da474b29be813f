"""Errors about fields that the writer may not see: told as such, without naming the field or anything of it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.errors import FieldError
from objects.records.drafts import Batch, Draft

_HIDDEN = _("A field that you may not see stands against this. Ask an administrator.")


def keep_quiet(batch: Batch, draft: Draft) -> None:
    """Let a draft's errors name visible fields only, each of the others' mistakes once."""
    kept: list[FieldError] = []
    unnamed: list[FieldError] = []
    for error in draft.errors:
        told = _told(batch, draft, error)
        if told in unnamed:
            continue
        if told is not error:
            unnamed.append(told)
        kept.append(told)
    draft.errors = kept


def _told(batch: Batch, draft: Draft, error: FieldError) -> FieldError:
    name = error.field or ""
    name = batch.table.parts.get(name, name)
    is_own_word = error.code == "unknown_field"  # about a name that the writer has sent
    if is_own_word or name not in batch.object.fields or batch.policy.can_see_field(batch.object, name):
        return error
    if error.code == "validation_rule_failed":  # its message is the administrator's, meant for whoever breaks the rule
        return FieldError(None, error.code, error.message, error.params)
    return FieldError(None, error.code, _HIDDEN)
