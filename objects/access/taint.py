"""What computed fields give away: which fields each is worked out from, directly."""

from __future__ import annotations

from collections.abc import Mapping

from metadata.compiler.snapshot import SchemaSnapshot
from metadata.compiler.spec import FieldSpec, ObjectSpec
from metadata.expression_uses import ExpressionUse, field_uses
from metadata.expressions import ExpressionError, compile_expression, scope_of
from metadata.expressions.graph import FieldNode, fields_read
from metadata.field_types import field_types
from metadata.field_types.computed import IS_SAFE, ComputedType
from metadata.field_types.rollup import RollupType

COMPUTING = frozenset({"settings.expression", "settings.filter"})

Sources = Mapping[FieldNode, frozenset[FieldNode]]

# Stands for what can't be known any more: nobody may read it, so that nothing made of it is read.
UNKNOWN: FieldNode = ("", "")


def sources_of(snapshot: SchemaSnapshot) -> Sources:
    """Return the fields that each computed field reads, lookups on the way among them; made once per snapshot.

    Fields that are declared safe are left out: whoever may read them reads them whatever they are made of.
    """
    found: Sources | None = snapshot.memo.get("access.sources")
    if found is None:
        found = snapshot.memo["access.sources"] = {
            (spec.api_name, field.api_name): read_by(snapshot, spec, field)
            for spec in snapshot.objects()
            for field in spec.business_fields
            if is_computed(field) and not field.settings.get(IS_SAFE)
        }
    return found


def is_computed(field: FieldSpec) -> bool:
    """Tell whether the platform works the field out from others."""
    return isinstance(field_types.get(field.type), ComputedType)


def read_by(snapshot: SchemaSnapshot, spec: ObjectSpec, field: FieldSpec) -> frozenset[FieldNode]:
    """Return the fields that a computed field reads, whether or not it is declared safe."""
    found: set[FieldNode] = set()
    for use in field_uses(spec, field):
        if use.attribute in COMPUTING:
            found |= reads_of(snapshot, use)
    if field.type == RollupType.key:
        child = str(field.settings["object"])
        names = (field.settings["lookup"], field.settings.get("field"))
        found |= {(child, str(name)) for name in names if name}
    return frozenset(found)


def reads_of(snapshot: SchemaSnapshot, use: ExpressionUse) -> frozenset[FieldNode]:
    """Return the fields that an expression of the data model reads; UNKNOWN for one that is broken."""
    if use.object_name not in snapshot.spec.object_map:
        return frozenset({UNKNOWN})
    scope = scope_of(snapshot, use.object_name)
    try:
        found = compile_expression(
            use.text, scope, returns=use.returns, purpose=use.purpose, blank_as_zero=use.blank_is_zero
        )
    except ExpressionError:
        return frozenset({UNKNOWN})
    return fields_read(found, scope)
