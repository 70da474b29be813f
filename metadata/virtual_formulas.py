"""Virtual formulas: the SQL that works them out, and what keeps a formula from being one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, cast

from django.db.models import F
from django.utils.translation import gettext as _

from crm_platform.kit.errors import FieldError
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.compiler.spec import FieldSpec, ObjectSpec, SchemaSpec
from metadata.expression_uses import FORMULA, field_uses
from metadata.expressions import (
    Environment,
    Expression,
    ExpressionError,
    NotCompilable,
    PlaceColumns,
    Scope,
    ValueType,
    compile_expression,
    scope_of,
)
from metadata.expressions.nodes import Path
from metadata.expressions.scope import value_type
from metadata.expressions.sql import Bind, FormulaSql, Sql, outside_is_null, sql
from metadata.expressions.to_orm import Columns
from metadata.field_types import field_types
from metadata.field_types.decimal import DecimalType
from metadata.field_types.integer import LARGEST, SMALLEST, IntegerType
from metadata.field_types.rollup import RollupType
from metadata.field_types.target_filters import FILTER, target_filter
from metadata.field_types.text import LINE_BREAKS, TextType

WHITE_SPACE = "".join(char for char in map(chr, range(0x3001)) if char.isspace())
UNWANTED_FLAGS = ("is_required", "is_unique", "is_indexed", "is_searchable")


@dataclass(frozen=True)
class _Zone:
    key: Any


@dataclass(frozen=True)
class Clock:
    """The environment of SQL that is kept and run again: the time is open, as are the caller's day and zone.

    The three are whatever the caller puts in the place of values. What else an environment knows would be frozen
    in the SQL, so that asking for it raises NotCompilable.
    """

    now: Any
    today: Any
    zone_name: Any

    @property
    def zone(self) -> _Zone:
        return _Zone(self.zone_name)

    @property
    def weeks(self) -> NoReturn:
        raise NotCompilable([_("the organisation's calendar")])

    @property
    def actor(self) -> NoReturn:
        raise NotCompilable([_("the reader's language")])

    def constant(self, path: str) -> Any:
        """Return the value of a name that begins with $."""
        if path == "$Now":
            return self.now
        raise NotCompilable([path])


def virtual_formula(snapshot: SchemaSnapshot, object_name: str, field: FieldSpec) -> Expression:
    """Return the expression of a virtual field of a published data model, compiled once per version."""
    return _compiled(scope_of(snapshot, object_name), snapshot.spec.object_map[object_name], field)


def value_sql(expression: Expression, field: FieldSpec, columns: Columns, clock: Clock) -> FormulaSql:
    """Return the expression of a field's value, in the form and precision of its type; raises NotCompilable.

    Where a stored formula would refuse to save a number that is too large, the value is empty; text is cut.
    """
    made = expression.to_orm(columns, cast(Environment, clock))
    inner = field_types.get(field.type).behaves_as(field)
    value = Sql(made.parts)
    if isinstance(inner, IntegerType):
        value = sql("{0}::bigint", outside_is_null(sql("round({0})", value), f"{LARGEST + 1}", f"{SMALLEST - 1}"))
    elif isinstance(inner, DecimalType):
        scale = inner.scale(field)
        bound = 10 ** (inner.digits(field) - scale)
        value = outside_is_null(sql(f"round({{0}}, {scale})", value), f"{bound}", f"-{bound}")
    elif isinstance(inner, TextType):
        value = _line_of_text(value, inner.max_length(field))
    elif value_type(field) is ValueType.BOOLEAN:
        value = sql("coalesce({0}, FALSE)", value)
    (column,) = inner.columns(field)
    return FormulaSql(value.parts, column.make())


def _line_of_text(value: Sql, longest: int) -> Sql:
    """Return text as a text field keeps it: in Unicode NFC, on one line, without white space around it."""
    trimmed = sql("btrim(normalize(({0})), {1})", value, Sql((Bind(WHITE_SPACE),)))
    line = sql("regexp_replace({0}, {1}, ' ', 'g')", trimmed, Sql((Bind(LINE_BREAKS),)))
    return sql(f"(nullif(left({{0}}, {longest}), '') COLLATE \"default\")", line)


def virtual_errors(schema: SchemaSpec, changed: Iterable[ObjectSpec]) -> list[FieldError]:
    """Return what is wrong with the virtual formulas of changed objects, and with what names them.

    Expressions can't name them at all (`scope`), so that they are no matter here.
    """
    errors: list[FieldError] = []
    for spec in changed:
        for field in spec.business_fields:
            where = f"objects.{spec.api_name}.fields.{field.api_name}"
            if field_types.get(field.type).is_virtual(field):
                errors += _own_errors(schema, spec, field, where)
            errors += _scope_errors(spec, field, where)
        errors += _rule_errors(schema, spec)
    for spec in schema.objects:
        errors += [
            _refusal(f"objects.{spec.api_name}.fields.{field.api_name}.settings.field")
            for field in spec.business_fields
            if isinstance(field_types.get(field.type), RollupType) and _summarises_virtual(schema, field)
        ]
    return errors


def _own_errors(schema: SchemaSpec, spec: ObjectSpec, field: FieldSpec, where: str) -> Iterator[FieldError]:
    for flag in UNWANTED_FLAGS:
        if getattr(field, flag):
            message = _("A formula that is not stored can't be required, unique, indexed or searched.")
            yield FieldError(f"{where}.{flag}", "invalid_choice", message)
    try:
        found = _compiled(scope_of(schema, spec.api_name), spec, field)
    except ExpressionError:
        return  # told by the checks of expressions
    # That a formula does not look at the caller or at other records is told by the checks of expressions, too.
    reason = "" if found.uses_user or found.related else _unfit(found, field)
    if reason:
        yield FieldError(f"{where}.settings.expression", "formula_error", reason.replace("%", "%%"))


def _unfit(expression: Expression, field: FieldSpec) -> str:
    """Return what keeps a formula from being virtual, "" for nothing."""
    far = sorted(path for path in expression.paths if "." in path)
    if far:
        message = _("Without being stored, a formula reads fields of the record itself only, not %(names)s. Store it.")
        return message % {"names": ", ".join(far)}
    try:
        value_sql(expression, field, _any_column(expression), Clock(None, None, None))
    except NotCompilable as error:
        message = _("The database can't work this out whenever it is read, because of: %(names)s. Store the formula.")
        return message % {"names": ", ".join(error.functions)}
    return ""


def _any_column(expression: Expression) -> Columns:
    places = {node.name.path for node in expression.nodes if isinstance(node, Path) and node.type is ValueType.GEO}
    return lambda path: PlaceColumns(F("pk"), F("pk")) if path in places else F("pk")


def _compiled(scope: Scope, spec: ObjectSpec, field: FieldSpec) -> Expression:
    use = next(item for item in field_uses(spec, field) if item.purpose == FORMULA)
    return compile_expression(
        use.text, scope, returns=use.returns, purpose=use.purpose, blank_as_zero=use.blank_is_zero
    )


def _scope_errors(spec: ObjectSpec, field: FieldSpec, where: str) -> Iterator[FieldError]:
    if any(_is_virtual(spec, name) for name in field.unique_scope):
        yield _refusal(f"{where}.unique_scope")
    for parameter, names in field_types.get(field.type).named_fields(field.settings).items():
        if any(_is_virtual(spec, name) for name in names):
            yield _refusal(f"{where}.settings.{parameter}")
    if any(_is_virtual(spec, name) for name in _operand_fields(target_filter(field))):
        yield _refusal(f"{where}.settings.{FILTER}")


def _operand_fields(part: Any) -> Iterator[str]:
    """Yield the fields whose values stand as operands in a filter: `{"field": name}` and nothing beside it."""
    if isinstance(part, Mapping) and set(part) == {"field"}:
        yield str(part["field"])
    for inner in part.values() if isinstance(part, Mapping) else part if isinstance(part, list | tuple) else ():
        yield from _operand_fields(inner)


def _rule_errors(schema: SchemaSpec, spec: ObjectSpec) -> Iterator[FieldError]:
    virtual = {field.api_name for field in spec.business_fields if _is_virtual(spec, field.api_name)}
    for rule in spec.validation_rules:
        texts = " ".join(map(str, rule.message.values()))
        if any(f"{{{name}}}" in texts for name in virtual):
            yield _refusal(f"objects.{spec.api_name}.validation_rules.{rule.api_name}.message")
    for other in schema.objects:
        for matching in other.matching_rules:
            own = {name for item in matching.matchers for name in item.fields} if other.id == spec.id else set()
            if matching.target == spec.api_name:
                own |= {name for item in matching.matchers for name in item.target_fields}
            if own & virtual:
                where = f"objects.{other.api_name}.matching_rules.{matching.api_name}.matchers"
                yield _refusal(where)
        for duplicates in other.duplicate_rules:
            targets = {rule.target for rule in other.matching_rules} | {other.api_name}
            if spec.api_name in targets and virtual.intersection(duplicates.shown_fields):
                where = f"objects.{other.api_name}.duplicate_rules.{duplicates.api_name}.shown_fields"
                yield _refusal(where)


def _summarises_virtual(schema: SchemaSpec, field: FieldSpec) -> bool:
    child = schema.object_map.get(str(field.settings["object"]))
    return child is not None and _is_virtual(child, str(field.settings.get("field", "")))


def _is_virtual(spec: ObjectSpec, name: str) -> bool:
    field = spec.field_map.get(name)
    return field is not None and field_types.get(field.type).is_virtual(field)


def _refusal(where: str) -> FieldError:
    message = _("The values of this formula are not stored, as they must be here. Store it, or choose another field.")
    return FieldError(where, "invalid_reference", message)
