"""Parts above the metadata that travel in packages too; they register here, since imports only go down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm_platform.kit.context import Actor
from crm_platform.kit.registry import Registry
from metadata.packages.package import PackageChange

Documents = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class PackageSection:
    """A top-level list of a package's documents, each with the API name of its `object` and mostly a `uuid`.

    `export` returns the documents of the named objects as they stand, `diff` what applying would do to them,
    and `apply` does it, after the shapes are published, inside the same transaction. All three are called with
    the organisation active; documents are plain JSON-like values. `flow` names the members
    that are written on one line, `rows` the lists of which each item is.
    """

    key: str
    export: Callable[[Sequence[str]], list[dict[str, Any]]]
    diff: Callable[[Documents], list[PackageChange]]
    apply: Callable[[Actor, Documents], None]
    flow: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()


package_sections: Registry[PackageSection] = Registry("package section")
