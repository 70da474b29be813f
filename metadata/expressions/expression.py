"""`compile_expression`: from text to a checked `Expression`, which is evaluated here or computed by the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.utils.translation import gettext_lazy as _

from metadata.expressions import limits
from metadata.expressions import scope as names
from metadata.expressions.definitions import CLOCK, OLD, RANDOM, RELATED, USER, Function
from metadata.expressions.environment import Environment
from metadata.expressions.errors import ExpressionError, NotCompilable
from metadata.expressions.evaluate import Code, Traced, finished_code, trace
from metadata.expressions.nodes import Apply, Chain, Path, Typed, walk
from metadata.expressions.parser import parse
from metadata.expressions.related import RelatedQuery
from metadata.expressions.scope import Scope
from metadata.expressions.sql import FormulaSql
from metadata.expressions.to_orm import Columns, Related, to_orm
from metadata.expressions.typecheck import FORMULA, PURPOSES, TypeChecker, settled
from metadata.expressions.types import LABELS, ValueType, accepts

_HOP_COST = 10
_GLOBALS_OF_USER = ("$User", "$Dept", "$Role")


@dataclass(frozen=True)
class Expression:
    """A checked expression. Equal text in an equal scope is equal."""

    text: str
    scope_key: Any
    purpose: str
    blank_as_zero: bool
    root: Typed = field(compare=False, repr=False)

    @property
    def type(self) -> ValueType:
        return self.root.type

    @property
    def element(self) -> ValueType | None:
        """The type of the members of a list."""
        return self.root.element

    @cached_property
    def nodes(self) -> tuple[Typed, ...]:
        """Every sub-expression, also those about members of lists and about other objects' records."""
        found, todo = [], [self.root]
        while todo:
            for node in walk(todo.pop()):
                found.append(node)
                if isinstance(node, Apply):
                    todo.extend(_inside(node.data))
        return tuple(found)

    @cached_property
    def _names(self) -> tuple[names.ResolvedName, ...]:
        """The names that are read of the record in hand and its surroundings."""
        todo, found = [self.root], []
        while todo:
            for node in walk(todo.pop()):
                if isinstance(node, Path):
                    found.append(node.name)
                elif isinstance(node, Apply) and isinstance(node.data, Typed):
                    todo.append(node.data)
        return tuple(found)

    @cached_property
    def paths(self) -> frozenset[str]:
        """API paths of the record that are read (`amount`, `account.industry`), also as prior values."""
        own = {name.path for name in self._names if name.kind in (names.RECORD, names.OLD)}
        outer = {path for query in self.related for path in query.outer_paths}
        return frozenset(own | outer)

    @cached_property
    def old_paths(self) -> frozenset[str]:
        """API paths whose prior values are read."""
        fields = {name.path for name in self._names if name.kind == names.OLD}
        calls = [node for node in self.nodes if isinstance(node, Apply) and OLD in node.function.uses]
        return frozenset(fields | {arg.name.path for call in calls for arg in call.args if isinstance(arg, Path)})

    @cached_property
    def related(self) -> tuple[RelatedQuery, ...]:
        """What is asked of other records."""
        return tuple(query for node in self.nodes for query in _queries(node))

    @cached_property
    def functions(self) -> frozenset[str]:
        """The names of the functions that are called."""
        return frozenset(function.name for function in self._applied if not function.is_operator)

    @property
    def uses_clock(self) -> bool:
        """Tell whether the value changes as time goes by."""
        return self._uses(CLOCK) or any(name.path == "$Now" for name in self._names)

    @property
    def uses_user(self) -> bool:
        """Tell whether the value depends on who asks."""
        return self._uses(USER) or any(name.path.startswith(_GLOBALS_OF_USER) for name in self._names)

    @property
    def uses_old(self) -> bool:
        return bool(self.old_paths) or "ISNEW" in self.functions

    @property
    def is_random(self) -> bool:
        return self._uses(RANDOM)

    @cached_property
    def cost(self) -> int:
        """What one evaluation costs: 1 for an operator, more for functions, lookups and other records."""
        own = sum(function.cost for function in self._applied)
        return 1 + own + sum(_HOP_COST * len(name.hops) for name in self._names)

    @cached_property
    def not_compilable(self) -> frozenset[str]:
        """What keeps the database from computing the expression; empty when it can."""
        found = {function.name for function in self._applied if function.sql is None or RELATED in function.uses}
        if "TEXT" in self.functions and any(_is_formatted(node) for node in self.nodes):
            found.add("TEXT")
        found |= {"$Old" for name in self._names if name.kind == names.OLD}
        return frozenset(found | {name.path for name in self._names if name.type is ValueType.LIST})

    @property
    def is_compilable(self) -> bool:
        return not self.not_compilable

    def evaluate(self, env: Environment) -> Any:
        """Return the value in an environment."""
        return self._code(env)

    def trace(self, env: Environment) -> list[Traced]:
        """Return the value of every sub-expression, in the order of the text."""
        return trace(self.root, env)

    def to_orm(self, columns: Columns, env: Environment, related: Related | None = None) -> FormulaSql:
        """Return the Django expression of the value; raises NotCompilable.

        With `related` (`subqueries.RelatedSubqueries`) also what is asked of other records is compiled.
        """
        return self._compiled(columns, env, related, as_condition=False)

    def to_condition(self, columns: Columns, env: Environment, related: Related | None = None) -> FormulaSql:
        """Return a Django expression for filters: true where the expression is, false or null elsewhere."""
        return self._compiled(columns, env, related, as_condition=True)

    def _compiled(
        self, columns: Columns, env: Environment, related: Related | None, *, as_condition: bool
    ) -> FormulaSql:
        asking = {function.name for function in self._applied if RELATED in function.uses}
        barred = self.not_compilable - asking if related else self.not_compilable
        if barred:
            raise NotCompilable(barred)
        return to_orm(self.root, columns, env, as_condition=as_condition, related=related)

    @cached_property
    def _code(self) -> Code:
        return finished_code(self.root)

    @cached_property
    def _applied(self) -> tuple[Function, ...]:
        found: list[Function] = []
        for node in self.nodes:
            if isinstance(node, Apply):
                found.append(node.function)
            elif isinstance(node, Chain):
                found.extend(function for function, _operand in node.steps)
        return tuple(found)

    def _uses(self, what: str) -> bool:
        return any(what in function.uses for function in self._applied)


def compile_expression(
    text: str, scope: Scope, *, returns: ValueType | None = None, purpose: str = FORMULA, blank_as_zero: bool = False
) -> Expression:
    """Return the checked expression; raises ExpressionError with the place of the mistake.

    `returns` is the type that is needed, if it matters. Conditions and rules must be true or false. Compiled
    expressions are kept in their scope, so asking again costs nothing.
    """
    assert purpose in PURPOSES, purpose
    key = (text, returns, purpose, blank_as_zero)
    known: dict[Any, Expression] = scope.memo
    if key not in known:
        known[key] = _compile(text, scope, returns, purpose, blank_as_zero)
    return known[key]


def _compile(text: str, scope: Scope, returns: ValueType | None, purpose: str, blank_as_zero: bool) -> Expression:
    checker = TypeChecker(scope, purpose, blank_as_zero=blank_as_zero)
    root = checker.typed(parse(text))
    wanted = ValueType.BOOLEAN if purpose in ("rule", "condition") else returns
    made = Expression(text, scope.key, purpose, blank_as_zero, _returning(checker, root, wanted))
    if len(made.paths) > limits.MAX_PATHS:
        message = _("An expression reads at most %(max)d different fields.")
        raise ExpressionError(message, 0, len(text), max=limits.MAX_PATHS)
    if made.cost > limits.MAX_COST:
        raise ExpressionError(_("The expression would take too long to compute."), 0, len(text))
    return made


def _returning(checker: TypeChecker, root: Typed, wanted: ValueType | None) -> Typed:
    if wanted is None:
        return settled(root)
    allowed = {wanted, ValueType.TEXT} if wanted is ValueType.CHOICE else {wanted}
    if accepts(frozenset(allowed), root.type):
        return checker.wanted(root, wanted) if root.type is ValueType.NULL else root
    message = _("The expression gives %(given)s, but %(wanted)s is needed.")
    raise ExpressionError(message, root.start, root.end, given=LABELS[root.type], wanted=LABELS[wanted])


def _inside(data: Any) -> list[Typed]:
    if isinstance(data, RelatedQuery):
        return [part for part in (data.value, data.filter, data.order, data.key) if part]
    return [data] if isinstance(data, Typed) else []


def _queries(node: Typed) -> list[RelatedQuery]:
    return [node.data] if isinstance(node, Apply) and isinstance(node.data, RelatedQuery) else []


def _is_formatted(node: Typed) -> bool:
    return isinstance(node, Apply) and node.function.name == "TEXT" and len(node.args) > 1
