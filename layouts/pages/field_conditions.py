"""The rows in which an admin fills in what a field may point at: the filter of lookups, users and departments."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm_platform.console.access import function_required
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import PlatformError
from crm_platform.kit.frozen import thaw
from layouts.pages.common import ObjectDesk
from metadata.compiler.compile import SHARED_TARGETS
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.field_types.contexts import clean_context
from metadata.field_types.values import InvalidValue
from metadata.publishing import CUSTOMIZE
from objects.access.policy import AccessPolicy
from objects.display.condition_form import OPERATOR, PATH, SOURCE, ConditionForm
from objects.query.conditions import MAX_LEAVES, All, Condition, Tree, from_json, to_json
from objects.records.lookup_filters import own_field

ROWS, TREE = "rows", "tree"  # states of the editor
OWNER = "owner_id"


class TargetDesk(ObjectDesk):
    """What a field points at as the data model knows it: with every field, whoever may read records."""

    def __init__(self, actor: Actor, target: str) -> None:
        self.actor, self.now = actor, timezone.now()
        self.policy = AccessPolicy.of(system_actor())
        self.obj: CompiledObject = current_snapshot().target(target)
        self._fields: dict[str, CompiledField | None] = {}


@dataclass(frozen=True)
class ConditionRow:
    """One condition on the page, and what is wrong with it."""

    number: int
    form: ConditionForm
    problems: tuple[str, ...] = ()

    @property
    def path_name(self) -> str:
        return self.form.html_name(PATH)

    @property
    def operator_name(self) -> str:
        return self.form.html_name(OPERATOR)

    @property
    def source_name(self) -> str:
        return self.form.html_name(SOURCE)


class ConditionRows:
    """The editor: made from the rows that were sent, or from JSON where there are none yet.

    `changed` names the input that was changed last: only its row, and with `final` every row, says what is wrong.
    """

    def __init__(self, desk: TargetDesk, own: Sequence[CompiledField], data: Any) -> None:
        self.desk, self.own, self.data = desk, own, data
        self.text = str(data.get("filter", ""))
        self.notice = ""

    @property
    def state(self) -> str:
        return TREE if self.rows is not None and self.notice else ROWS

    @property
    def has_problems(self) -> bool:
        return any(row.problems for row in self.rows)

    @cached_property
    def rows(self) -> list[ConditionRow]:
        found = list(self._sent() if "is_sent" in self.data else self._read())
        if "add" in self.data and not self.notice and len(found) < MAX_LEAVES:
            number = max((row.number for row in found), default=-1) + 1
            found.append(ConditionRow(number, self._form(number, None, is_sent=False)))
        return found

    @property
    def json(self) -> str:
        """The conditions that are complete, as the parameter keeps them; JSON that was given stays as it is."""
        if "is_sent" not in self.data:
            return self.text
        whole = [item for row in self.rows if row.form.is_sent and (item := row.form.condition()) is not None]
        if not whole:
            return ""
        return json.dumps(to_json(whole[0] if len(whole) == 1 else All(whole)), ensure_ascii=False)

    def _form(self, number: int, existing: Condition | None, *, is_sent: bool) -> ConditionForm:
        data = {} if existing else self.data
        return ConditionForm(self.desk, data, existing, is_sent=is_sent, prefix=f"c{number}", own_fields=self.own)

    # --- rows that were sent ----------------------------------------------------------------------------------
    def _sent(self) -> Iterator[ConditionRow]:
        numbers = [int(item) for item in self.data.getlist("row") if item.isdecimal() and len(item) < 5]
        for number in list(dict.fromkeys(numbers))[:MAX_LEAVES]:
            path = self.data.get(f"c{number}-{PATH}", "")
            if self.desk.field(path) is not None:  # else: a field of what was the target before
                yield self._sent_row(number)

    def _sent_row(self, number: int) -> ConditionRow:
        changed = str(self.data.get("changed", ""))
        form = self._form(number, None, is_sent=changed != f"c{number}-{PATH}")
        if changed in (f"c{number}-{OPERATOR}", f"c{number}-{SOURCE}") and form.condition() is None:
            form = self._form(number, None, is_sent=False)  # the value was one for something else
        is_told = "final" in self.data or changed.startswith(f"c{number}-")
        if not (is_told and form.is_sent) or form.condition() is not None:
            return ConditionRow(number, form)
        said = [str(text) for texts in form.operand_form.errors.values() for text in texts]
        return ConditionRow(number, form, tuple(dict.fromkeys([*said, *([form.error] if form.error else [])])))

    # --- rows from JSON ---------------------------------------------------------------------------------------
    def _read(self) -> Iterator[ConditionRow]:
        try:
            tree = from_json(json.loads(self.text) if self.text.strip() else None)
        except (ValueError, RecursionError, PlatformError):
            self.notice = _("This is not a filter.")
            return
        conditions = flat(tree)
        if conditions is None:
            self.notice = _("This filter has alternatives or negations. They are kept, and can be edited as JSON.")
            return
        if not all(self._is_known(item) for item in conditions):
            self.notice = _("This filter speaks of fields or operators that do not exist here.")
            return
        for number, item in enumerate(conditions):
            yield ConditionRow(number, self._form(number, item, is_sent=False), tuple(self._problems(item)))

    def _is_known(self, item: Condition) -> bool:
        field = self.desk.field(item.path)
        return field is not None and item.operator in field.type.filters(field.spec)

    def _problems(self, item: Condition) -> Iterator[str]:
        field, named = self.desk.field(item.path), own_field(item.operand)
        assert field is not None
        if named is not None:
            if all(own.name != named for own in self.own):
                yield _("Unknown field: %(path)s") % {"path": named[:120]}
            return
        try:
            ctx = clean_context(self.desk.actor)
            field.type.clean_operand(field.spec, item.operator, thaw(item.operand), ctx)
        except InvalidValue as error:
            yield str(error.message)


def flat(tree: Tree | None) -> list[Condition] | None:
    """Return the conditions of a tree that all have to hold; None for a tree that says more than that."""
    if tree is None:
        return []
    if isinstance(tree, Condition):
        return [tree]
    if not isinstance(tree, All):
        return None
    parts = [flat(item) for item in tree.items]
    return None if None in parts else [item for part in parts for item in part or ()]


def own_fields(obj: CompiledObject, but: str) -> list[CompiledField]:
    """Return the fields of an object whose values a filter of its field `but` can refer to."""
    fields = AccessPolicy.of(system_actor()).readable_fields(obj)
    return [
        field
        for field in fields
        if field.name != but and not field.spec.is_deprecated and (not field.spec.is_system or field.name == OWNER)
    ]


@require_POST
@function_required(CUSTOMIZE)
def field_conditions(request: ActorRequest, object_name: str) -> HttpResponse:
    """Return the rows of the filter of a field of the object, for the field's form. Nothing is written."""
    obj = current_snapshot().object(object_name)
    data: Mapping[str, Any] = request.POST
    target = str(data.get("target", ""))
    editor = None
    if target in SHARED_TARGETS or target in current_snapshot().spec.object_map:
        editor = ConditionRows(TargetDesk(request.actor, target), own_fields(obj, str(data.get("field", ""))), data)
    return render(request, "layouts/conditions/editor.html", {"editor": editor})
