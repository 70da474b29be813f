"""Trees of records: parents, their children and so on, written together or not at all."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, ValidationFailed
from objects.records.drafts import Consent, Diversion
from objects.records.service import RecordService
from objects.records.unit import run_unit


@dataclass(eq=False)
class Node:
    """A record to be made, and those below it by the relation that leads from them to it."""

    object: str
    values: dict[str, Any]
    pointer: str  # where it stands in what the caller has sent
    parent: Node | None = None
    link: str = ""  # the lookup through which it belongs to its parent
    children: dict[str, list[Node]] = field(default_factory=dict)
    id: uuid.UUID | None = None
    version: int | None = None
    diverted: Diversion | None = None


def plant(
    actor: Actor, levels: Sequence[Sequence[Node]], *, consent: Consent | None = None, dry_run: bool = False
) -> None:
    """Create the records of each level, the highest first, in one transaction; nodes then know their ids.

    Raises NotFound and Forbidden for objects, and ValidationFailed with what is wrong on the first level where
    something is; each error points to its node.
    """
    service = RecordService(actor, consent=consent)

    def work() -> None:
        for level in levels:
            errors = [error for group in _by_object(level) for error in _create(service, group)]
            if errors:
                raise ValidationFailed(errors)

    run_unit(work, dry_run=dry_run)


def _by_object(level: Iterable[Node]) -> list[list[Node]]:
    groups: dict[str, list[Node]] = {}
    for node in level:
        groups.setdefault(node.object, []).append(node)
    return list(groups.values())


def _create(service: RecordService, nodes: Sequence[Node]) -> list[FieldError]:
    """Create records of one object and return what is wrong with them."""
    rows = [{**node.values, node.link: str(node.parent.id)} if node.parent else node.values for node in nodes]
    errors: list[FieldError] = []
    for node, result in zip(nodes, service.bulk_create(nodes[0].object, rows), strict=True):
        node.id, node.version, node.diverted = result.id, result.version, result.diverted
        errors += [_pointed(error, node) for error in result.errors]
        if result.diverted is not None and node.children:
            message = _("A record that is there already takes this one in: nothing can be put below it.")
            errors.append(_pointed(FieldError(None, "duplicate_detected", message), node))
    return errors


def _pointed(error: FieldError, node: Node) -> FieldError:
    pointer = f"{node.pointer}/{error.field}" if error.field else node.pointer
    return dataclasses.replace(error, params={**error.params, "pointer": pointer})
