"""Which joins a set of paths needs: derived from the paths, never declared, and each made once."""

from __future__ import annotations

from django.db.models.expressions import Col

from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledField, CompiledObject, ResolvedPath
from metadata.expressions.sql import FormulaSql
from metadata.field_types.sealed import MASK
from objects.access.policy import AccessPolicy
from objects.query.params import SqlText, column, join_sql
from objects.query.virtual import virtual_value


class Joins:
    """Left joins from one table (or subquery) along lookups.

    Fields behind a lookup are read only where the caller may see the record that it leads to; otherwise they
    are empty, and the row stays. The name of what a lookup points at comes with the lookup itself and needs
    no right to that record, only to its object; the two kinds of join have aliases of their own. Of the records
    that a list of references names, only those have a name that the caller may see and that are not deleted.
    """

    def __init__(self, obj: CompiledObject, base: str, prefix: str, policy: AccessPolicy) -> None:
        self.obj, self.base = obj, base
        self.base_columns: dict[str, None] = {}  # what is read from the base table, in order
        self._prefix, self._policy = prefix, policy
        self._aliases: dict[tuple[str, str, str, bool], str] = {}
        self._joins: list[SqlText] = []

    def locate(self, path: ResolvedPath) -> tuple[str, CompiledObject]:
        """Return the alias, and its object, from which the path's last field is read."""
        alias, here = self.base, self.obj
        last = len(path.hops) - 1
        for number, (hop, reached) in enumerate(zip(path.hops, path.objects, strict=True)):
            only_name = number == last and path.field.name == reached.spec.name_field
            alias = self._join(alias, hop.main.column, reached, only_name)
            here = reached
        if path.field.is_second:
            alias = self._join_second(alias, here)
        return alias, here

    def name_of(self, alias: str, field: CompiledField, obj: CompiledObject) -> SqlText | None:
        """Return the expression for the name of what a reference field (read from `alias`) points at.

        None for other fields, and where the caller knows none of the objects that it may point at.
        """
        names = []
        for target in named_objects(obj, field, self._policy):
            joined = self._join(alias, field.main.column, target, True)
            names.append(self._name(joined, target))
        if len(names) < 2:
            return names[0] if names else None
        inner = join_sql(", ", names)
        return SqlText(f"COALESCE({inner.text})", inner.params)

    def names_in(self, alias: str, field: CompiledField, obj: CompiledObject) -> SqlText | None:
        """Return the expression for the names behind a list of references: an array in their order.

        NULL stands for what the caller may not see; None is returned where he knows nothing that it may point at.
        """
        policy = self._policy
        targets = map(obj.target, field.type.targets(field.spec))
        target = next((item for item in targets if policy.knows(item) and tells_name(item, policy)), None)
        if target is None:
            return None
        on = [SqlText('n."id" = u.id')]
        if target.is_business_object:
            on += [SqlText('n."deleted_at" IS NULL'), policy.scope(target).template("n")]
        condition = join_sql(" AND ", on)
        ids, name = self.read(alias, field.main.column).text, self._name("n", target).text
        return SqlText(
            f"(SELECT array_agg(({name})::text ORDER BY u.place)"  # noqa: S608 (physical names only)
            f" FROM unnest({ids}) WITH ORDINALITY u(id, place)"
            f" LEFT JOIN {quote(target.table)} n ON {condition.text})",
            condition.params,
        )

    def _name(self, alias: str, target: CompiledObject) -> SqlText:
        """Return the expression for the name of a record (read from `alias`), or for the mask in its place."""
        if self._policy.can_read_field(target, target.name_field.name):
            return self.read(alias, target.name_field.main.column)
        return SqlText(f"CASE WHEN {alias}.\"id\" IS NOT NULL THEN '{MASK}' END")

    def expression(self, alias: str, obj: CompiledObject, field: CompiledField) -> Col | FormulaSql:
        """Return the value of a field (of `obj`, read from `alias`): its main column, or a virtual formula's SQL."""
        if not field.is_virtual:
            return column(alias, obj.model_of(field), field.attr)
        return virtual_value(self, alias, obj, field)

    def second(self, alias: str, obj: CompiledObject, field: CompiledField) -> str:
        """Return from where a field beside others of `alias` is read: the second table where it is that one's."""
        return self._join_second(alias, obj) if field.is_second else alias

    def read(self, alias: str, physical: str) -> SqlText:
        """Return a column, remembering it when it comes from the base."""
        if alias == self.base:
            self.base_columns[physical] = None
        return SqlText(f"{alias}.{quote(physical)}")

    def sql(self) -> SqlText:
        """Return all joins made so far, each after the one that it hangs on."""
        return join_sql("", self._joins)

    def _join_second(self, alias: str, obj: CompiledObject) -> str:
        """Join an object's second table to a row of the main one; what leads to no row is empty there, too."""
        assert obj.second is not None
        key = (alias, "", obj.name, False)
        if key not in self._aliases:
            self._aliases[key] = joined = f"{self._prefix}{len(self._aliases) + 1}"
            on = f'{joined}."id" = {self.read(alias, "id").text}'
            self._joins.append(SqlText(f" LEFT JOIN {quote(obj.second.table)} {joined} ON {on}"))
        return self._aliases[key]

    def _join(self, parent: str, physical: str, target: CompiledObject, only_name: bool) -> str:
        key = (parent, physical, target.name, only_name)
        if key in self._aliases:
            return self._aliases[key]
        alias = self._aliases[key] = f"{self._prefix}{len(self._aliases) + 1}"
        on = [SqlText(f'{alias}."id" = {self.read(parent, physical).text}')]
        if target.is_business_object and not only_name:
            on.append(SqlText(f'{alias}."deleted_at" IS NULL'))
            on.append(self._policy.scope(target).template(alias))
        condition = join_sql(" AND ", on)
        self._joins.append(SqlText(f" LEFT JOIN {quote(target.table)} {alias} ON {condition.text}", condition.params))
        return alias


def named_objects(obj: CompiledObject, field: CompiledField, policy: AccessPolicy) -> list[CompiledObject]:
    """Return the objects that a reference field may point at, as far as the caller knows them and their names."""
    if not field.type.is_reference:
        return []
    names = [field.main.references] if field.main.references else field.spec.settings.get("targets", ())
    return [target for target in map(obj.target, names) if policy.knows(target) and tells_name(target, policy)]


def tells_name(target: CompiledObject, policy: AccessPolicy) -> bool:
    """Tell whether the caller learns what records of an object are called, be it masked."""
    return policy.can_see_field(target, target.name_field.name)


def is_ordered_by_name(obj: CompiledObject, field: CompiledField, policy: AccessPolicy) -> bool:
    """Tell whether a reference field has an order for the caller: that of names, all of which he may read."""
    found = named_objects(obj, field, policy)
    return bool(found) and all(policy.can_read_field(target, target.name_field.name) for target in found)
