"""The expression language of formulas, rules, defaults and conditions: checked, evaluated, computed by the database.

Compile, with the names of one object::

    scope = scope_of(snapshot, "opportunity")  # or a bare SchemaSpec; a snapshot keeps what is compiled
    expression = compile_expression(
        "IF(amount > 1000, account.name, stage)", scope, returns=ValueType.TEXT, purpose="formula", blank_as_zero=True
    )

`purpose`: "formula", "default" (no prior values; RAND allowed), "rule" and "condition" (true or false; `$Old.`,
ISNEW, ISCHANGED allowed). A mistake raises `ExpressionError`: `.message` (translated when shown), `.start`, `.end`
(offsets), `.suggestion` (a replacement of that range, or ""), `.line_and_column(text)`. `parse(text)` only reads.

An `Expression` is frozen and hashable, and knows: `.text .root .type .element .paths .old_paths .related .functions
.uses_clock .uses_user .uses_old .is_random .cost .is_compilable .not_compilable .nodes`. `paths` are canonical API
paths (`account.industry`, lookups by their path names); `related` are `RelatedQuery`s with `.object .lookup .kind
.paths .outer_paths`, whose fields `paths` does not hold.

Evaluate::

    env = Environment(record_value, actor, now, old=prior_value, is_new=False, calendar=calendar, rate=ctx.rate,
                      related=answer)
    expression.evaluate(env)  # total: no value of a record makes it fail
    expression.trace(env)     # the value of every sub-expression with its place, for the tester page

`record_value(path)` is called for every path that is needed and returns the field type's value; `prior_value(path)`
likewise. `related(query, env)` returns what `query.answer(environments of the other records)` would. Left out,
`$User.`, `$Dept.`, `$Role.`, `$Org.`, roles, teams and the working calendar are read once per actor.
`blank_environment(actor, now)` has no record. Something missing that is needed raises `NotAvailable`. Results:
Decimal for numbers (20 decimals at most: the caller rounds to the field's scale), timedelta for durations, str
for choices, tuples for lists, Reference or UUID for records, None for blank.

Compute in the database::

    value = expression.to_orm(columns, env)         # annotate(x=value), order_by(value), update(field=value)
    truth = expression.to_condition(columns, env)   # filter(truth): null counts as false, indexes stay usable

Questions about other records need a third argument, `RelatedSubqueries(snapshot.object)` of
`metadata.expressions.subqueries`, and F objects as columns (`columns_of(compiled object)` there).

`columns(path)` returns F or any expression for a path; `PlaceColumns(lat, lng)` for a geolocation. What `env` knows
(the caller, now, the zone) is bound as parameters at that moment, so SQL of expressions with `uses_clock` or
`uses_user`, and of any that touch moments, must not be kept for another caller. `NotCompilable.functions` says what
only Python computes.

Graphs (`metadata.expressions.graph`): `fields_read(expression, scope)`, `find_cycle(reads)`,
`ordered(reads)`. Reference for completion: `metadata.expressions.reference`
(`function_reference()`; fields by `scope.names()`). Limits: `metadata.expressions.limits`.

A new function: one `define(…)` in the family's module of `functions/`, with an example (which is tested in both back
ends), its Chinese line in the po file, and UPDATE_DOCS=1 for docs/expressions.md. SQL must be total: see `sql.py`.
"""

from metadata.expressions.environment import Environment, NotAvailable, blank_environment
from metadata.expressions.errors import ExpressionError, NotCompilable
from metadata.expressions.evaluate import Traced
from metadata.expressions.expression import Expression, compile_expression
from metadata.expressions.functions import Function, functions
from metadata.expressions.nodes import Node
from metadata.expressions.parser import parse
from metadata.expressions.related import RelatedQuery
from metadata.expressions.scope import ResolvedName, Scope, scope_of, value_type
from metadata.expressions.surroundings import Surroundings
from metadata.expressions.to_orm import PlaceColumns
from metadata.expressions.types import ValueType

__all__ = [
    "Environment",
    "Expression",
    "ExpressionError",
    "Function",
    "Node",
    "NotAvailable",
    "NotCompilable",
    "PlaceColumns",
    "RelatedQuery",
    "ResolvedName",
    "Scope",
    "Surroundings",
    "Traced",
    "ValueType",
    "blank_environment",
    "compile_expression",
    "functions",
    "parse",
    "scope_of",
    "value_type",
]
