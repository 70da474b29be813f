"""Lookups without JavaScript: a name that was typed, but not chosen, is looked up when the form arrives."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.http import QueryDict

from crm_platform.identity.models import Department, User
from crm_platform.identity.people import visible_people
from crm_platform.kit.context import Actor
from layouts.pages.common import ObjectDesk
from metadata.compiler.compiled import CompiledField
from metadata.compiler.current import current_snapshot
from metadata.field_types.widgets import OBJECT_SUFFIX, TEXT_SUFFIX
from objects.access.policy import AccessPolicy
from objects.display.chips import targets_of
from objects.display.names import DEPARTMENT, USER
from objects.query.conditions import Condition
from objects.query.query import RecordQuery

AMBIGUOUS = 2


def resolve_typed(desk: ObjectDesk, fields: Iterable[CompiledField], data: QueryDict) -> QueryDict:
    """Return the posted data with the id of every name that was typed in full and means exactly one thing."""
    completed = data.copy()
    for field in fields:
        text = data.get(field.name + TEXT_SUFFIX, "").strip()
        is_chosen = bool(data.get(field.name)) and not field.type.is_reference_list
        if not field.type.has_targets or not text or is_chosen:
            continue
        wanted = data.get(field.name + OBJECT_SUFFIX)
        for target in targets_of(field):
            found = _named(desk.actor, target, text) if wanted in (None, "", target) else []
            if len(found) == 1:
                _choose(completed, field, target, found[0])
                break
    return completed


def _choose(data: QueryDict, field: CompiledField, target: str, found: UUID) -> None:
    """Put the id where the box would have put it when the name was chosen."""
    if field.type.is_reference_list:
        data.appendlist(field.name, str(found))
        data[field.name + TEXT_SUFFIX] = ""
        return
    data[field.name] = str(found)
    if field.main.references is None:
        data[field.name + OBJECT_SUFFIX] = target


def _named(actor: Actor, target: str, name: str) -> list[UUID]:
    if target == USER:
        found = User.objects.filter(visible_people(actor), name=name, is_active=True)
        return list(found.values_list("id", flat=True)[:AMBIGUOUS])
    if target == DEPARTMENT:
        return list(Department.objects.filter(name=name, is_active=True).values_list("id", flat=True)[:AMBIGUOUS])
    spec = current_snapshot().spec.object_map.get(target)
    policy = AccessPolicy.of(actor)
    if spec is None or not policy.can(target, "read"):
        return []
    query = RecordQuery(actor, target)
    if not policy.can_read_field(query.object, spec.name_field):
        return []
    return query.where(Condition(spec.name_field, "eq", name)).ids(AMBIGUOUS)
