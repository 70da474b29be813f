"""The functions of the language, one module per family; importing this package registers all of them."""

from metadata.expressions.functions import (  # noqa: I001 (the order of the reference)
    operators,
    logic,
    text,
    patterns,
    number,
    date,
    periods,
    workdays,
    choice,
    lists,
    related,
    user,
    geo,
    chinese,
)
from metadata.expressions.definitions import Function, Param, functions

__all__ = [
    "Function",
    "Param",
    "chinese",
    "choice",
    "date",
    "functions",
    "geo",
    "lists",
    "logic",
    "number",
    "operators",
    "patterns",
    "periods",
    "related",
    "text",
    "user",
    "workdays",
]
