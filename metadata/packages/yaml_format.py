"""YAML as packages use it: read with the line of every value, written in one canonical form."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

# The C parser of the same library where its wheel has one: ten times as fast.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

FLOW = frozenset({"label", "plural_label", "description", "help_text", "settings"})
ROWS = frozenset({"choices", "removed"})
# The database gives the members of a JSON value back in an order of its own; on one line they stand like this,
# and the others after them by name.
ORDER = (
    "zh-hans",
    "en",
    "uuid",
    "object",
    "profile",
    "api_name",
    "field",
    "op",
    "value",
    "label",
    "color",
    "target",
    "targets",
    "on_delete",
    "columns",
    "fields",
    "probability",
    "category",
)
_RANK = {name: index for index, name in enumerate(ORDER)}


@dataclass(frozen=True)
class Parsed:
    """The plain value of one file and the line of each of its parts by JSON pointer ("" is the whole)."""

    file: str
    value: Any
    lines: Mapping[str, int]

    def where(self, pointer: str) -> str:
        """Return `file:line pointer`, taking the nearest part around the pointer that has a line."""
        nearest = pointer
        while nearest and nearest not in self.lines:
            nearest = nearest.rpartition("/")[0]
        return f"{self.file}:{self.lines.get(nearest, 1)} {pointer or '/'}"


class YamlError(ValueError):
    """The text is not YAML of the kind that packages use; `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        self.line = line
        super().__init__(message)


def parse(text: str, file: str) -> Parsed:
    """Read one document; raises YamlError. Anchors are refused: a few lines could unfold to gigabytes."""
    try:
        _refuse_anchors(text)
        loader = LOADER(text)
        node = loader.get_single_node()
        value = loader.construct_document(node) if node is not None else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        message = getattr(error, "problem", None) or str(error)
        raise YamlError(message, mark.line + 1 if mark else 1) from error
    lines: dict[str, int] = {}
    if node is not None:
        _note_lines(node, "", lines)
    return Parsed(file, value, lines)


def _refuse_anchors(text: str) -> None:
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            mark = event.start_mark
            raise YamlError("anchors and aliases are not allowed", mark.line + 1 if mark else 1)


def _note_lines(node: yaml.Node, pointer: str, lines: dict[str, int]) -> None:
    lines[pointer] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            _note_lines(child, f"{pointer}/{key.value}", lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            _note_lines(child, f"{pointer}/{index}", lines)


class _Flow(dict[str, Any]):
    """A mapping written on one line."""


class _FlowList(list[Any]):
    """A list written on one line."""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent(dumper: yaml.SafeDumper, data: Mapping[str, Any]) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=isinstance(data, _Flow))


_Dumper.add_representer(dict, _represent)
_Dumper.add_representer(_Flow, _represent)
_Dumper.add_representer(
    _FlowList, lambda dumper, data: dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True)
)


def dump(document: Mapping[str, Any], flow: Collection[str] = (), rows: Collection[str] = ()) -> str:
    """Return the canonical text: members in the given order, as short as stays readable.

    The members named in `flow` (and labels and settings) stand on one line; of lists named in `rows` (and of
    choices) each item stands on a line of its own.
    """
    arranged = _arrange(dict(document), FLOW | set(flow), ROWS | set(rows))
    return yaml.dump(arranged, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100_000)


def _arrange(value: Any, flow: Collection[str], rows: Collection[str], key: str = "") -> Any:
    if key in flow:
        return _one_line(value)
    if isinstance(value, Mapping):
        return {name: _arrange(item, flow, rows, name) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_one_line(item) if key in rows else _arrange(item, flow, rows) for item in value]
    return value


def _one_line(value: Any) -> Any:
    if isinstance(value, Mapping):
        names = sorted(value, key=lambda name: (_RANK.get(name, len(_RANK)), name))
        return _Flow({name: _one_line(value[name]) for name in names})
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _FlowList(_one_line(item) for item in value)
    return value
