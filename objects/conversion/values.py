"""The values that a lead brings to the records that become of it, and those that get lost on the way.

The mapping is the administrator's: what he has mapped is carried whoever converts. What is mapped by its name alone is
carried out of a field that the caller may not read only into one that is kept from him as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm_platform.files.models import StoredFile
from crm_platform.files.services import kept_again
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.record_base import Record
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.field_types.attachments import AttachmentType, FileRef
from metadata.field_types.contexts import clean_context, display_context
from metadata.field_types.values import CleanContext, InvalidValue, Reference
from objects.access.field_grants import FieldLevel
from objects.access.policy import AccessPolicy
from objects.conversion.mapping import LEAD, Pair, sources
from objects.query.query import visible_ids

_OUT_OF_REACH = _("It is out of your reach.")
EMPTY: tuple[Any, ...] = (None, "", (), False)


@dataclass(frozen=True)
class Lost:
    """A field of the lead whose value went nowhere; `target` is empty where no field takes it at all."""

    field: str
    label: str
    target: str = ""
    reason: str = ""


@dataclass
class Carried:
    """What a lead brings to one record: typed values by field; `shown` names those that the caller may see here."""

    values: dict[str, Any] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    lost: list[Lost] = field(default_factory=list)
    ways: dict[str, str] = field(default_factory=dict)  # by field, what a record does that is there already


def carried(
    policy: AccessPolicy, snapshot: SchemaSnapshot, lead: Record, target: str, pairs: Sequence[Pair]
) -> Carried:
    """Return what the lead brings to a record of the target; attachments are named, not copied yet."""
    obj, source_obj = snapshot.object(target), snapshot.object(LEAD)
    ctx = clean_context(policy.actor, currency=getattr(lead, "currency", "") or "")
    found = Carried()
    for pair in pairs:
        value = pair.source.value_of(lead)
        if value in EMPTY:
            continue
        if not may_carry(policy, source_obj, obj, pair):
            _lose(policy, found, source_obj, pair.source, target, "")
            continue
        try:
            taken = _taken(policy, pair, value, ctx)
        except InvalidValue as error:
            _lose(policy, found, source_obj, pair.source, target, str(error.message) % dict(error.params))
            continue
        found.values[pair.target.name] = taken
        found.ways[pair.target.name] = pair.existing
        found.sources.add(pair.source.name)
        if policy.can_read_field(source_obj, pair.source.name):
            found.shown.add(pair.target.name)
    return found


def may_carry(policy: AccessPolicy, lead: CompiledObject, target: CompiledObject, pair: Pair) -> bool:
    """Tell whether a value may go this way, see above."""
    level = policy.field_level(lead, pair.source.name)
    return pair.is_chosen or level >= FieldLevel.READ or policy.field_level(target, pair.target.name) <= level


def unmapped(
    policy: AccessPolicy, snapshot: SchemaSnapshot, lead: Record, used: Mapping[str, Carried]
) -> Iterator[Lost]:
    """Yield the fields with values that no record takes, as far as the caller may see them."""
    obj = snapshot.object(LEAD)
    told = {name for item in used.values() for name in (*item.sources, *(lost.field for lost in item.lost))}
    for source in sources(snapshot):
        is_new = source.name not in told and source.value_of(lead) not in EMPTY
        if is_new and policy.can_see_field(obj, source.name):
            yield Lost(source.name, source.spec.label.text(policy.actor.language))


def with_files(carried_: Carried, obj: CompiledObject, actor_id: Any) -> dict[str, Any]:
    """Return the values with copies of the files that are in them: the lead keeps its own."""
    values = dict(carried_.values)
    for name, value in values.items():
        if isinstance(obj.fields[name].type, AttachmentType):
            rows = {row.pk: row for row in StoredFile.objects.filter(pk__in=[item.id for item in value])}
            copies = [kept_again(rows[item.id], actor_id) for item in value if item.id in rows]
            values[name] = tuple(FileRef(row.id, row.name, row.size, row.content_type) for row in copies)
    return values


def _taken(policy: AccessPolicy, pair: Pair, value: Any, ctx: CleanContext) -> Any:
    """Return the value as the target's field has it; raises InvalidValue for one that it does not take."""
    source, target = pair.source, pair.target
    if isinstance(source.type, AttachmentType):
        target.type.clean(target.spec, source.type.to_api(source.spec, value), ctx)
        return value
    if source.spec.type == target.spec.type:
        raw = source.type.to_api(source.spec, value)
    elif target.spec.type in ("text", "long_text"):
        raw = source.type.to_text(source.spec, value, display_context(policy.actor))
    elif target.spec.type == "multi_picklist":
        raw = [value]
    else:
        raw = source.type.to_api(source.spec, value)
    taken = target.type.clean(target.spec, raw, ctx)
    return _reached(policy, taken)


def _reached(policy: AccessPolicy, value: Any) -> Any:
    """Return a value without references to records that the caller does not reach: he could not have set them."""
    links = [value] if isinstance(value, Reference) else value if isinstance(value, tuple) else ()
    for link in links:
        is_record = isinstance(link, Reference) and link.object not in ("user", "department")
        if is_record and link.id not in visible_ids(policy.actor, link.object, [link.id]):
            raise InvalidValue("invalid_reference", _OUT_OF_REACH)
    return value


def _lose(
    policy: AccessPolicy, found: Carried, obj: CompiledObject, source: CompiledField, target: str, reason: str
) -> None:
    found.sources.add(source.name)
    if policy.can_see_field(obj, source.name):
        found.lost.append(Lost(source.name, source.spec.label.text(policy.actor.language), target, reason))
