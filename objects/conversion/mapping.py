"""Which field of a lead goes into which field of the account, the contact and the opportunity that become of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.snapshot import SchemaSnapshot
from objects.access.field_security import is_writable
from objects.conversion.models import ConversionMapping, Existing

LEAD = "lead"
ACCOUNT, CONTACT, OPPORTUNITY = TARGETS = ("account", "contact", "opportunity")
CONVERTED_AT, CONVERTED_BY, STATUS, REASON = "converted_at", "converted_by_id", "status", "invalid_reason"
CONVERTED, INVALID, WORKING = "converted", "invalid", "working"
# What a lead says about itself as a lead; nothing of it is about the customer.
OWN = frozenset({STATUS, REASON, CONVERTED_AT, CONVERTED_BY, *(f"converted_{name}_id" for name in TARGETS)})
# Where the same name would mean something else: a lead is called after a person, with the company beside.
USUAL: Mapping[tuple[str, str], str | None] = {
    ("company", ACCOUNT): "name",
    ("name", ACCOUNT): None,
    ("company", OPPORTUNITY): "name",
    ("name", OPPORTUNITY): None,
    ("expected_amount", OPPORTUNITY): "amount",
}
_TEXTS = frozenset({"text", "long_text"})
# What takes values of a type, besides fields of the same type.
TAKEN_BY: Mapping[str, frozenset[str]] = {
    "text": _TEXTS,
    "long_text": _TEXTS,
    "email": _TEXTS,
    "phone": _TEXTS,
    "url": _TEXTS,
    "picklist": frozenset({"multi_picklist", *_TEXTS}),
    "multi_picklist": _TEXTS,
    "integer": frozenset({"decimal", *_TEXTS}),
    "decimal": _TEXTS,
    "date": _TEXTS,
    "datetime": _TEXTS,
}
REFERENCES = frozenset({"lookup", "multi_lookup", "poly_lookup"})
STAYING = frozenset({"master_detail", "hierarchy", "check_in", "signature"})  # what is about the very record


@dataclass(frozen=True)
class Pair:
    """A lead's field and where its value goes; `is_chosen`: an administrator has said so."""

    source: CompiledField
    target: CompiledField
    is_chosen: bool = False
    existing: str = Existing.FILL  # where the record is there already


def sources(snapshot: SchemaSnapshot) -> tuple[CompiledField, ...]:
    """Return the fields of leads that can go somewhere, in their order."""
    fields = (field for field in snapshot.object(LEAD) if _business_field(field) and field.name not in OWN)
    return tuple(field for field in fields if not field.type.can_be_revealed and field.spec.type not in STAYING)


def takers(obj: CompiledObject, source: CompiledField) -> Iterator[CompiledField]:
    """Yield the fields of a target that can take what is in a lead's field."""
    for field in obj:
        if not field.spec.is_system and is_writable(field) and takes(source, field):
            yield field


def takes(source: CompiledField, target: CompiledField) -> bool:
    """Tell whether values of one field make sense in another."""
    kind, other = source.spec.type, target.spec.type
    if kind == other and kind in REFERENCES:
        return set(source.type.targets(source.spec)) <= set(target.type.targets(target.spec))
    if kind == other:
        return is_writable(target)
    return other in TAKEN_BY.get(kind, frozenset())


def targets(snapshot: SchemaSnapshot) -> tuple[str, ...]:
    """Return the objects that leads of this organisation can become."""
    return tuple(name for name in TARGETS if name in snapshot.spec.object_map)


def mapping(snapshot: SchemaSnapshot) -> Mapping[str, tuple[Pair, ...]]:
    """Return the pairs of fields by target: what administrators chose, the usual, then equal names and labels."""
    chosen = _chosen(snapshot)
    return {name: tuple(_pairs(snapshot, name, chosen.get(name, {}))) for name in targets(snapshot)}


def _chosen(snapshot: SchemaSnapshot) -> dict[str, dict[str, tuple[str | None, str]]]:
    """Return what rows say: by target and source, the field (None: nowhere), and what existing records do."""
    lead = {field.id: field.api_name for field in snapshot.spec.object_map[LEAD].fields}
    found: dict[str, dict[str, tuple[str | None, str]]] = {}
    rows = ConversionMapping.objects.values_list("source_field_id", "target_object_id", "target_field_id", "existing")
    for source_id, object_id, field_id, existing in rows:
        spec = snapshot.spec.object_by_id.get(object_id)
        if spec is None or source_id not in lead:
            continue
        names = {field.id: field.api_name for field in spec.fields}
        if field_id is None or field_id in names:
            to = names[field_id] if field_id else None
            found.setdefault(spec.api_name, {})[lead[source_id]] = to, existing
    return found


def _pairs(snapshot: SchemaSnapshot, target: str, chosen: Mapping[str, tuple[str | None, str]]) -> Iterator[Pair]:
    """Yield the pairs of one target; each of its fields takes one value at most."""
    obj, own = snapshot.object(target), sources(snapshot)
    taken: set[str] = set()
    for source in own:
        name, existing = chosen.get(source.name, (None, Existing.FILL))
        if name is not None and name in obj.fields and takes(source, obj.fields[name]):
            taken.add(name)
            yield Pair(source, obj.fields[name], is_chosen=True, existing=existing)
    left = [source for source in own if source.name not in chosen]
    for find in (_usual, _namesake, _labelled):
        for source in list(left):
            field = find(obj, source)
            if field is not None and field.name not in taken and takes(source, field):
                taken.add(field.name)
                left.remove(source)
                yield Pair(source, field)


def _usual(obj: CompiledObject, source: CompiledField) -> CompiledField | None:
    return obj.fields.get(USUAL.get((source.name, obj.name)) or "")


def _namesake(obj: CompiledObject, source: CompiledField) -> CompiledField | None:
    if (source.name, obj.name) in USUAL:
        return None
    return _business_field(obj.fields.get(source.name))


def _labelled(obj: CompiledObject, source: CompiledField) -> CompiledField | None:
    """Return the one field that people call the same in some language."""
    if (source.name, obj.name) in USUAL:
        return None
    words = _words(source)
    found = [field for field in obj if _business_field(field) and words & _words(field)]
    return found[0] if len(found) == 1 else None


def _words(field: CompiledField) -> set[tuple[str, str]]:
    return {(locale, str(text).strip().casefold()) for locale, text in field.spec.label.items() if str(text).strip()}


def _business_field(field: CompiledField | None) -> CompiledField | None:
    return field if field is not None and not field.spec.is_system and is_writable(field) else None
