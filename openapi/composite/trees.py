"""Taking a tree of records apart, and telling what has become of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError

from crm_platform.kit.errors import FieldError, ValidationFailed
from objects.access.policy import AccessPolicy
from objects.records.planting import Node
from openapi.v1.describing import child_relations

MOST, DEEPEST = 200, 5
Waiting = tuple[Node | None, str, str, str, Any]  # parent, relation, object, pointer, what was sent


class TreeReader:
    """Takes a tree apart level by level; what is wrong with its form is gathered and points to its place."""

    def __init__(self, policy: AccessPolicy, object_name: str) -> None:
        self.policy, self.object_name = policy, object_name
        self.errors: list[FieldError] = []
        self.count = 0
        self._relations: dict[str, dict[str, tuple[str, str]]] = {}

    def read(self, body: Mapping[str, Any]) -> list[list[Node]]:
        """Return the nodes by level; raises ParseError, ValidationFailed."""
        rows = body.get("records")
        if set(body) - {"records"} or not isinstance(rows, list) or not rows:
            raise ParseError(_('Send {"records": [{…, "contact.account_id": [{…}]}]}.'))
        levels: list[list[Node]] = []
        waiting: list[Waiting] = [
            (None, "", self.object_name, f"#/records/{index}", row) for index, row in enumerate(rows)
        ]
        while waiting:
            self._count(waiting, len(levels) + 1)
            level: list[Node] = []
            below: list[Waiting] = []
            for item in waiting:
                node = self._node(item, below)
                if node is not None:
                    level.append(node)
            levels.append(level)
            waiting = below
        if self.errors:
            raise ValidationFailed(self.errors)
        return levels

    def _count(self, waiting: Sequence[Waiting], depth: int) -> None:
        self.count += len(waiting)
        if self.count > MOST:
            message = _("At most %(max)d records in a tree.")
            raise ValidationFailed.single("records", "payload_too_large", message, max=MOST, pointer="#/records")
        if depth > DEEPEST:
            message = _("At most %(max)d levels of records.")
            raise ValidationFailed.single("records", "out_of_range", message, max=DEEPEST, pointer=waiting[0][3])

    def _node(self, item: Waiting, below: list[Waiting]) -> Node | None:
        """Return the node of what was sent at one place; its children wait for the next level."""
        parent, relation, object_name, pointer, row = item
        if not isinstance(row, dict):
            self._error(pointer, "invalid_type", _("A record is an object of values by field name."))
            return None
        values = {name: value for name, value in row.items() if "." not in name}
        node = Node(object_name, values, pointer, parent, relation.partition(".")[2])
        if node.link in values:
            self._error(f"{pointer}/{node.link}", "read_only_field", _("This is filled in with the record above."))
        if parent is not None:
            parent.children.setdefault(relation, []).append(node)
        for name in row.keys() - values.keys():
            self._children(node, name, row[name], below)
        return node

    def _children(self, node: Node, relation: str, rows: Any, below: list[Waiting]) -> None:
        found, pointer = self._relations_of(node.object).get(relation), f"{node.pointer}/{relation[:120]}"
        if found is None:
            self._error(pointer, "unknown_field", _("There is no such child relation."))
        elif not isinstance(rows, list):
            self._error(pointer, "invalid_type", _("Send a JSON array."))
        else:
            below += [(node, relation, found[0], f"{pointer}/{index}", row) for index, row in enumerate(rows)]

    def _relations_of(self, object_name: str) -> dict[str, tuple[str, str]]:
        if object_name not in self._relations:
            told = child_relations(self.policy, object_name)
            self._relations[object_name] = {item["relation"]: (item["object"], item["field"]) for item in told}
        return self._relations[object_name]

    def _error(self, pointer: str, code: str, message: str) -> None:
        self.errors.append(FieldError("records", code, message, {"pointer": pointer}))


def told_node(node: Node, *, dry_run: bool) -> dict[str, Any]:
    """Return what became of a node and those below it; after a dry run there are no ids."""
    told: dict[str, Any] = {"object": node.object, "id": None if dry_run else node.id, "version": node.version}
    if node.diverted is not None:
        into = {"object": node.diverted.object, "id": node.diverted.record_id if node.diverted.is_visible else None}
        told["diverted"] = {"rule": node.diverted.rule, "into": into}
    if node.children:
        told["children"] = {
            relation: [told_node(child, dry_run=dry_run) for child in children]
            for relation, children in node.children.items()
        }
    return told
