"""From what the spec wants and what the database holds to the steps in between."""

from __future__ import annotations

from dataclasses import dataclass, field

from metadata.compiler.spec import FieldSpec, ObjectSpec, SchemaSpec
from metadata.ddl import layout
from metadata.ddl.budget import check_budget
from metadata.ddl.catalog import TableFacts, read_tables
from metadata.ddl.operations import (
    AddColumns,
    CountHolders,
    CreateIndex,
    CreateTable,
    DropColumns,
    DropIndex,
    Guard,
    Operation,
    StopCounting,
    Unguard,
    WidenColumn,
)
from metadata.field_types.base import Column


@dataclass
class DdlPlan:
    """`inline` runs in the publishing transaction, in order; `deferred` is left to resumable jobs."""

    inline: list[Operation] = field(default_factory=list)
    deferred_indexes: list[CreateIndex] = field(default_factory=list)
    deferred_validations: list[tuple[str, str]] = field(default_factory=list)  # (table, constraint)

    @property
    def is_empty(self) -> bool:
        return not (self.inline or self.deferred_indexes or self.deferred_validations)


@dataclass(frozen=True)
class _Target:
    """One table that an object needs, and what stands there now (None: nothing yet)."""

    spec: ObjectSpec
    part: int
    facts: TableFacts | None

    @property
    def name(self) -> str:
        return layout.part_table(self.spec, self.part)

    @property
    def columns(self) -> list[tuple[FieldSpec, Column, str]]:
        return list(layout.field_columns(self.spec, self.part))


def make_plan(schema: SchemaSpec, changed: tuple[ObjectSpec, ...]) -> DdlPlan:
    """Return the plan that brings the tables of the `changed` objects to what `schema` says.

    Planning starts from the catalog, not from the last version, so that running it again after a failure
    does what is left and nothing twice. Raises ValidationFailed when an object outgrows its tables.
    """
    wanted = [(spec, part, layout.part_table(spec, part)) for spec in changed for part in layout.parts_of(spec)]
    tables = read_tables(name for _spec, _part, name in wanted)
    targets = [_Target(spec, part, tables.get(name)) for spec, part, name in wanted]
    plan = DdlPlan()
    for target in targets:
        check_budget(target.spec, target.part, target.facts)
        if target.facts is None:
            plan.inline.append(_create_table(target))
        else:
            plan.inline.extend(_column_changes(target, target.facts))
            plan.inline.extend(_given_up(target, target.facts))
    for target in targets:
        if target.part == layout.MAIN:
            _plan_constraints(plan, schema, target)
            _plan_counting(plan, target)
        _plan_indexes(plan, target)
        _plan_guards(plan, target)
    return plan


def _create_table(target: _Target) -> CreateTable:
    own = [layout.column_definition(column, name, new_table=True) for _field, column, name in target.columns]
    return CreateTable(target.name, (*layout.base_columns(target.spec, target.part), *own))


def _column_changes(target: _Target, facts: TableFacts) -> list[Operation]:
    added, operations = [], []
    for _field, column, name in target.columns:
        wanted = layout.postgres_type(column.db_type)
        if name not in facts.columns:
            added.append(layout.column_definition(column, name, new_table=False))
        elif facts.columns[name] != wanted:
            operations.append(_widen(facts, name, facts.columns[name], wanted))
    if added:
        return [AddColumns(facts.name, tuple(added)), *operations]
    return list(operations)


def _given_up(target: _Target, facts: TableFacts) -> list[Operation]:
    """Drop what a formula has left behind that is not stored any more."""
    names = tuple(name for name in layout.virtual_names(target.spec) if name in facts.columns)
    return [DropColumns(facts.name, names)] if names else []


def _widen(facts: TableFacts, name: str, present: str, wanted: str) -> WidenColumn:
    if not (present.startswith("character varying") and wanted.startswith(("character varying", "text"))):
        raise ValueError(f"{facts.name}.{name}: {present} can't become {wanted} in place")
    return WidenColumn(facts.name, name, wanted)


def _plan_constraints(plan: DdlPlan, schema: SchemaSpec, target: _Target) -> None:
    facts = target.facts
    for constraint in layout.constraints(schema, target.spec, validate=facts is None):
        if facts is None:
            plan.inline.append(constraint)
        elif constraint.name not in facts.constraints:
            plan.inline.append(constraint)
            plan.deferred_validations.append((facts.name, constraint.name))
    if facts is None:
        return
    for _field, column, name in target.columns:
        is_new = name not in facts.columns
        if column.not_null and column.default_sql is None and is_new and f"nn_{name}" not in facts.constraints:
            plan.inline.append(layout.not_null_check(facts.name, name))


def _plan_indexes(plan: DdlPlan, target: _Target) -> None:
    wanted = {index.name: index for index in layout.indexes(target.spec, target.part)}
    facts = target.facts
    if facts is None:
        plan.inline.extend(wanted.values())
        return
    for name, index in wanted.items():
        if name not in facts.indexes:
            (plan.inline if facts.is_small and name not in facts.invalid_indexes else plan.deferred_indexes).append(
                index  # type: ignore[arg-type]
            )
    live = {name for _field, _column, name in target.columns}
    for name in sorted((facts.indexes | facts.invalid_indexes) - set(wanted)):
        if name.startswith(("i_c_", "u_c_", "t_c_")) and name[2:].split("__")[0] in live:
            plan.inline.append(DropIndex(facts.name, name))


def _plan_guards(plan: DdlPlan, target: _Target) -> None:
    """Guard the columns of fields that are being replaced.

    The guard of a column stays when its field has been replaced, and goes when the field is in use again.
    """
    heirs = {item.partner: item.field.id for item in target.spec.successors}
    guarded = target.facts.guarded if target.facts else set()
    for field_, column, name in target.columns:
        if field_.id in heirs and name not in guarded:
            plan.inline.append(Guard(target.name, name, column.default_sql, heirs[field_.id]))
        elif field_.id not in heirs and name in guarded:
            plan.inline.append(Unguard(target.name, name))


def _plan_counting(plan: DdlPlan, target: _Target) -> None:
    """Count what everybody holds where records may wait in pools, and nowhere else."""
    is_counted = target.facts is not None and target.facts.counts_holders
    if target.spec.has_pools and not is_counted:
        plan.inline.append(CountHolders(target.name, target.spec.id))
    elif is_counted and not target.spec.has_pools:
        plan.inline.append(StopCounting(target.name, target.spec.id))
