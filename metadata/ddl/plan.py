"""From what the spec wants and what the database holds to the steps in between."""

from __future__ import annotations

from dataclasses import dataclass, field

from crm_platform.kit.sqlnames import table_name
from metadata.compiler.spec import ObjectSpec, SchemaSpec
from metadata.ddl import layout
from metadata.ddl.budget import check_budget
from metadata.ddl.catalog import TableFacts, read_tables
from metadata.ddl.operations import (
    AddColumns,
    CreateIndex,
    CreateTable,
    DropIndex,
    Operation,
    WidenColumn,
)


@dataclass
class DdlPlan:
    """`inline` runs in the publishing transaction, in order; `deferred` is left to resumable jobs."""

    inline: list[Operation] = field(default_factory=list)
    deferred_indexes: list[CreateIndex] = field(default_factory=list)
    deferred_validations: list[tuple[str, str]] = field(default_factory=list)  # (table, constraint)

    @property
    def is_empty(self) -> bool:
        return not (self.inline or self.deferred_indexes or self.deferred_validations)


def make_plan(schema: SchemaSpec, changed: tuple[ObjectSpec, ...]) -> DdlPlan:
    """Return the plan that brings the tables of the `changed` objects to what `schema` says.

    Planning starts from the catalog, not from the last version, so that running it again after a failure
    does what is left and nothing twice. Raises ValidationFailed when an object outgrows its table.
    """
    tables = read_tables(table_name(spec.id) for spec in changed)
    plan = DdlPlan()
    for spec in changed:
        facts = tables.get(table_name(spec.id))
        check_budget(spec, facts)
        if facts is None:
            plan.inline.append(_create_table(spec))
        else:
            plan.inline.extend(_column_changes(spec, facts))
    for spec in changed:
        _plan_constraints(plan, schema, spec, tables.get(table_name(spec.id)))
        _plan_indexes(plan, spec, tables.get(table_name(spec.id)))
    return plan


def _create_table(spec: ObjectSpec) -> CreateTable:
    own = [layout.column_definition(column, name, new_table=True) for _f, column, name in layout.field_columns(spec)]
    return CreateTable(table_name(spec.id), (*layout.SYSTEM_COLUMNS, *own))


def _column_changes(spec: ObjectSpec, facts: TableFacts) -> list[Operation]:
    added, operations = [], []
    for _field, column, name in layout.field_columns(spec):
        wanted = layout.postgres_type(column.db_type)
        if name not in facts.columns:
            added.append(layout.column_definition(column, name, new_table=False))
        elif facts.columns[name] != wanted:
            operations.append(_widen(facts, name, facts.columns[name], wanted))
    if added:
        return [AddColumns(facts.name, tuple(added)), *operations]
    return list(operations)


def _widen(facts: TableFacts, name: str, present: str, wanted: str) -> WidenColumn:
    if not (present.startswith("character varying") and wanted.startswith(("character varying", "text"))):
        raise ValueError(f"{facts.name}.{name}: {present} can't become {wanted} in place")
    return WidenColumn(facts.name, name, wanted)


def _plan_constraints(plan: DdlPlan, schema: SchemaSpec, spec: ObjectSpec, facts: TableFacts | None) -> None:
    for constraint in layout.constraints(schema, spec, validate=facts is None):
        if facts is None:
            plan.inline.append(constraint)
        elif constraint.name not in facts.constraints:
            plan.inline.append(constraint)
            plan.deferred_validations.append((facts.name, constraint.name))
    if facts is None:
        return
    for _field, column, name in layout.field_columns(spec):
        is_new = name not in facts.columns
        if column.not_null and column.default_sql is None and is_new and f"nn_{name}" not in facts.constraints:
            plan.inline.append(layout.not_null_check(facts.name, name))


def _plan_indexes(plan: DdlPlan, spec: ObjectSpec, facts: TableFacts | None) -> None:
    wanted = {index.name: index for index in layout.indexes(spec)}
    if facts is None:
        plan.inline.extend(wanted.values())
        return
    for name, index in wanted.items():
        if name not in facts.indexes:
            (plan.inline if facts.is_small and name not in facts.invalid_indexes else plan.deferred_indexes).append(
                index  # type: ignore[arg-type]
            )
    live = {name for _f, _c, name in layout.field_columns(spec)}
    for name in sorted((facts.indexes | facts.invalid_indexes) - set(wanted)):
        if name.startswith(("i_c_", "u_c_", "t_c_")) and name[2:] in live:
            plan.inline.append(DropIndex(facts.name, name))
