"""The expressions of an object, compiled once per version of the data model: formulas, rules, conditions, defaults."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.compiler.spec import ValidationRuleSpec
from metadata.expression_uses import DUPLICATE_RULES, ExpressionUse, expression_uses
from metadata.expressions import Expression, ExpressionError, compile_expression, scope_of
from metadata.expressions.graph import ordered
from metadata.field_types.lookup_value import CopiedValueType, LookupValueType

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class FieldProgram:
    """An expression that belongs to a field."""

    field: CompiledField
    expression: Expression

    @cached_property
    def is_taken(self) -> bool:
        """Whether the value is that of a related record, as it is there."""
        return isinstance(self.field.definition, LookupValueType)

    @cached_property
    def is_copy(self) -> bool:
        """Whether the value is taken once, and left alone when the related record changes."""
        return isinstance(self.field.definition, CopiedValueType)


@dataclass(frozen=True, eq=False)
class RuleProgram:
    rule: ValidationRuleSpec
    expression: Expression


@dataclass(frozen=True, eq=False)
class Programs:
    """All expressions of an object; `formulas` stand in an order in which each only needs those before it.

    `virtual` are the formulas that are never stored: only what would become of a record asks for them here.
    """

    formulas: tuple[FieldProgram, ...] = ()
    virtual: tuple[FieldProgram, ...] = ()
    defaults: tuple[FieldProgram, ...] = ()
    conditions: Mapping[str, tuple[FieldProgram, ...]] = field(default_factory=dict)  # by "required_if" and so on
    rules: tuple[RuleProgram, ...] = ()
    duplicates: Mapping[str, Expression] = field(default_factory=dict)  # conditions of duplicate rules, by name

    def of(self, attribute: str) -> tuple[FieldProgram, ...]:
        """Return the conditions of one kind."""
        return self.conditions.get(attribute, ())

    @cached_property
    def related_paths(self) -> frozenset[str]:
        """The paths through lookups that any of the expressions reads, prior values included."""
        found = [item.expression for item in (*self.formulas, *self.virtual, *self.defaults)]
        found += [item.expression for item in self.rules]
        found += self.duplicates.values()
        found += [item.expression for group in self.conditions.values() for item in group]
        return frozenset(path for expression in found for path in expression.paths if "." in path)

    def visible(self, name: str) -> FieldProgram | None:
        """Return the condition under which a field is shown, if it has one."""
        return next((item for item in self.of("visible_if") if item.field.name == name), None)


def programs(snapshot: SchemaSnapshot, obj: CompiledObject) -> Programs:
    """Return the expressions of an object, made once per snapshot.

    An expression that does not compile can't have been published; should one turn up all the same, it is left
    out and logged, so that its organisation goes on working.
    """
    key = ("records.programs", obj.spec.id)
    found: Programs | None = snapshot.memo.get(key)
    if found is None:
        found = snapshot.memo[key] = _make(snapshot, obj)
    return found


def compiled_use(snapshot: SchemaSnapshot, use: ExpressionUse) -> Expression:
    """Compile one expression of the data model; raises ExpressionError."""
    return compile_expression(
        use.text,
        scope_of(snapshot, use.object_name),
        returns=use.returns,
        purpose=use.purpose,
        blank_as_zero=use.blank_is_zero,
    )


def _make(snapshot: SchemaSnapshot, obj: CompiledObject) -> Programs:
    formulas: list[FieldProgram] = []
    virtual: list[FieldProgram] = []
    defaults, rules = [], []
    conditions: dict[str, list[FieldProgram]] = {}
    duplicates: dict[str, Expression] = {}
    known_rules = {f"validation_rules.{rule.api_name}": rule for rule in obj.spec.validation_rules}
    for use in expression_uses(obj.spec):
        if use.attribute == "settings.filter":  # of a roll-up: belongs to the object that it summarises
            continue
        try:
            expression = compiled_use(snapshot, use)
        except ExpressionError as error:
            logger.error("broken expression", extra={"object": obj.name, "owner": use.owner, "error": str(error)})
            continue
        if use.owner in known_rules:
            rules.append(RuleProgram(known_rules[use.owner], expression))
            continue
        if use.owner.startswith(DUPLICATE_RULES):
            duplicates[use.owner.removeprefix(DUPLICATE_RULES)] = expression
            continue
        program = FieldProgram(obj.fields[use.owner.removeprefix("fields.")], expression)
        if use.attribute == "settings.expression":
            (virtual if program.field.is_virtual else formulas).append(program)
        elif use.attribute == "default_formula":
            defaults.append(program)
        else:
            conditions.setdefault(use.attribute, []).append(program)
    kinds = {name: tuple(items) for name, items in conditions.items()}
    return Programs(in_order(obj, formulas), tuple(virtual), tuple(defaults), kinds, tuple(rules), duplicates)


def in_order(obj: CompiledObject, formulas: Iterable[FieldProgram]) -> tuple[FieldProgram, ...]:
    """Return formulas so that each comes after those it reads; published ones have no circle."""
    known = {(obj.name, item.field.name): item for item in formulas}
    reads = {node: [(obj.name, path) for path in item.expression.paths] for node, item in known.items()}
    return tuple(known[node] for node in ordered(reads))
