"""What a caller is told of matches: records that he may read by name, all others as far as the rule allows."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crm_platform.identity.models import User
from crm_platform.kit.context import Actor
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.compiler.spec import ObjectSpec
from metadata.field_types.contexts import display_context
from metadata.field_types.values import Reference
from objects.access.masking import hidden_behind_mask, masked
from objects.access.policy import AccessPolicy
from objects.duplicates.finding import Match

SHOWN = 5  # records of one rule of which details are read
_USUAL = ("owner_id", "last_followup_at", "created_at")


@dataclass(frozen=True)
class Fact:
    """One more thing that is told of a record; `value` is what the API tells: the text where some of it is masked."""

    name: str
    label: str
    text: str
    value: Any = None


@dataclass(frozen=True)
class Card:
    """A record that matches, as the caller may know it: `record_id` only where he may read it."""

    object: ObjectSpec
    record_id: uuid.UUID | None
    title: str
    score: int
    facts: tuple[Fact, ...]
    is_mine: bool = False
    is_deleted: bool = False

    def to_api(self) -> dict[str, Any]:
        """Return the JSON form."""
        found: dict[str, Any] = {"object": self.object.api_name, "score": self.score}
        if self.record_id is not None:
            found["id"] = str(self.record_id)
        if self.title:
            found["name"] = self.title
        return {**found, **{fact.name: fact.value for fact in self.facts}}


def cards(actor: Actor, snapshot: SchemaSnapshot, matches: Sequence[Match]) -> list[Card]:
    """Return a card for each match, in order; one query for each object, and one for the owners' names."""
    by_object: dict[str, list[Match]] = defaultdict(list)
    for match in matches:
        by_object[match.target.api_name].append(match)
    rows = {name: _rows(snapshot.object(name), found) for name, found in by_object.items()}
    owners = _owner_names(rows.values())
    return [
        _card(
            actor, snapshot.object(match.target.api_name), rows[match.target.api_name][match.record_id], match, owners
        )
        for match in matches
        if match.record_id in rows[match.target.api_name]
    ]


Rows = dict[uuid.UUID, dict[str, Any]]


def _rows(obj: CompiledObject, matches: Iterable[Match]) -> Rows:
    """Return the values of records by their id; whoever asks, so nothing of it may be shown as it is."""
    names = {obj.name_field.name, "deleted_at", *_USUAL}
    for match in matches:
        names.update(match.ask.rule.shown_fields if match.ask.rule else ())
    fields = [obj.fields[name] for name in sorted(names) if name in obj.fields]
    records = obj.model._base_manager.filter(pk__in={match.record_id for match in matches})
    return {record.pk: {field.name: field.value_of(record) for field in fields} for record in records}


def _owner_names(found: Iterable[Rows]) -> Mapping[uuid.UUID, str]:
    ids = {
        value.id
        for rows in found
        for values in rows.values()
        for value in values.values()
        if isinstance(value, Reference) and value.object == "user"
    }
    return dict(User.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}


def _card(
    actor: Actor, obj: CompiledObject, values: Mapping[str, Any], match: Match, owners: Mapping[uuid.UUID, str]
) -> Card:
    ctx = display_context(actor, record=values)
    policy, rule = AccessPolicy.of(actor), match.ask.rule
    shown = list(rule.shown_fields) if rule else []
    allowed = [name for name in (*_USUAL, *shown) if policy.can_see_field(obj, name)]
    if not match.is_visible:
        allowed = [name for name in allowed if name in shown]

    def fact(field: CompiledField) -> Fact:
        value, label = _named(values.get(field.name), owners), field.spec.label.text(actor.language)
        whole = "" if value is None else field.type.to_text(field.spec, value, ctx)
        if not policy.can_read_field(obj, field.name):
            text = hidden_behind_mask(field.type, value) or ""
        else:
            text = whole if match.is_visible else masked(field, value, ctx)
        is_whole = text == whole and value is not None
        return Fact(field.name, label, text, field.type.to_api(field.spec, value) if is_whole else text)

    name = obj.name_field
    is_named = policy.can_see_field(obj, name.name) and (match.is_visible or name.name in shown)
    title = fact(name).text if is_named else ""
    others = (obj.fields[item] for item in dict.fromkeys(allowed) if item in obj.fields and item != name.name)
    facts = [fact(field) for field in others]
    owner = values.get("owner_id")
    return Card(
        object=obj.spec,
        record_id=match.record_id if match.is_visible else None,
        title=title,
        score=match.score,
        facts=tuple(fact for fact in facts if fact.text),
        is_mine=isinstance(owner, Reference) and owner.id == actor.user_id,
        is_deleted=values.get("deleted_at") is not None,
    )


def _named(value: Any, owners: Mapping[uuid.UUID, str]) -> Any:
    if isinstance(value, Reference) and value.id in owners:
        return replace(value, name=owners[value.id])
    return value
