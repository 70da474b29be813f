"""Where a field is used: lower layers ask, higher layers answer through this registry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from crm_platform.kit.registry import Registry
from metadata.compiler.spec import FieldSpec, ObjectSpec


@dataclass(frozen=True)
class Usage:
    """One place that uses a field: what kind of thing, its name, and a page where it can be changed."""

    kind: str
    name: str
    url: str = ""


@dataclass(frozen=True)
class UsageFinder:
    key: str
    find: Callable[[ObjectSpec, FieldSpec], Iterable[Usage]]


usage_finders: Registry[UsageFinder] = Registry("usage finder")


def usages(spec: ObjectSpec, field: FieldSpec) -> list[Usage]:
    """Return every place that names the field, from all registered finders."""
    return [usage for finder in usage_finders for usage in finder.find(spec, field)]
