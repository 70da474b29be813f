"""The expression language of formulas, rules, defaults and conditions."""

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
