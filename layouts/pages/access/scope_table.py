"""The table of a role's scopes: a row for each object, a choice for each action, departments where they are chosen."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from crm_platform.console.forms import LookupMultipleInput
from crm_platform.identity.models import Department
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError
from crm_platform.kit.ids import parse_uuid
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import ObjectSpec
from objects.access.models import RoleScope
from objects.access.reach import SCOPED_ACTIONS
from objects.access.rules import Reach
from objects.access.services.role_scopes import ACTION_LABELS, Scopes, Table
from objects.access.visibility import MASTER_TYPE

CHOICES = RoleScope.DataScope.choices
SCOPE, DEPARTMENTS = "scope", "departments"


@dataclass(frozen=True)
class Cell:
    """One object and action."""

    name: str  # of the choice
    label: Any
    value: str  # "" follows the general scope
    box: str  # the choice of departments
    is_chosen: bool
    error: str

    @property
    def choices(self) -> Iterator[tuple[str, Any, bool]]:
        """Yield value, label and whether it is the present one."""
        for value, label in (("", _("As the general scope")), *CHOICES):
            yield value, label, value == self.value


class ScopeTable:
    """The table of one role: filled from what is stored or from what was sent."""

    def __init__(self, actor: Actor, stored: Table) -> None:
        self.actor, self.cells, self.errors = actor, stored, dict[str, str]()

    @property
    def has_errors(self) -> bool:
        return bool(self.errors)

    def read(self, data: QueryDict) -> dict[str, dict[str, Reach | None]]:
        """Take what was sent, and return it for `change_role`; objects that were not on the page are left out."""
        wanted: dict[str, dict[str, Reach | None]] = {}
        for spec in current_snapshot().objects():
            for action in SCOPED_ACTIONS:
                place = f"{spec.api_name}.{action}"
                if (scope := data.get(f"{SCOPE}.{place}")) is not None:
                    departments = _ids(data.getlist(f"{DEPARTMENTS}.{place}")) if scope == Scopes.CHOSEN else ()
                    wanted.setdefault(spec.api_name, {})[action] = Reach(scope, departments) if scope else None
        self.cells = {
            name: {action: reach for action, reach in cells.items() if reach is not None}
            for name, cells in wanted.items()
        }
        return wanted

    def take_errors(self, errors: Iterable[FieldError]) -> list[FieldError]:
        """Keep the errors of cells and return the others."""
        names = {f"{spec.api_name}.{action}" for spec in current_snapshot().objects() for action in SCOPED_ACTIONS}
        others = []
        for error in errors:
            if error.field in names:
                self.errors[str(error.field)] = error.text
            else:
                others.append(error)
        return others

    def lines(self) -> list[dict[str, Any]]:
        """Return the rows; an object that belongs to another one follows that, and has no cells."""
        chosen = {item for cells in self.cells.values() for reach in cells.values() for item in reach.departments}
        departments = Department.objects.in_bulk(chosen) if chosen else {}
        box = LookupMultipleInput(reverse("lookup", args=["department"]))
        return [
            {
                "name": spec.api_name,
                "label": spec.label.text(self.actor.language),
                "master": self._master(spec),
                "cells": [self._cell(spec, action, departments, box) for action in _actions(spec)],
            }
            for spec in current_snapshot().objects()
        ]

    def _cell(
        self, spec: ObjectSpec, action: str, departments: dict[uuid.UUID, Department], box: LookupMultipleInput
    ) -> Cell:
        place = f"{spec.api_name}.{action}"
        reach = self.cells.get(spec.api_name, {}).get(action)
        chosen = [departments[item] for item in reach.departments if item in departments] if reach else []
        label = f"{_('Chosen departments')}: {spec.label.text(self.actor.language)}, {ACTION_LABELS[action]}"
        return Cell(
            f"{SCOPE}.{place}",
            ACTION_LABELS[action],
            reach.data_scope if reach else "",
            box.render(f"{DEPARTMENTS}.{place}", chosen, {"aria-label": label, "id": f"departments-{place}"}),
            bool(reach) and reach.data_scope == Scopes.CHOSEN,  # type: ignore[union-attr]
            self.errors.get(place, ""),
        )

    def _master(self, spec: ObjectSpec) -> str:
        """Return the name of the object that a detail follows."""
        target = next((field.settings.get("target") for field in spec.fields if field.type == MASTER_TYPE), None)
        found = current_snapshot().spec.object_map.get(str(target))
        return found.label.text(self.actor.language) if found else ""


def _actions(spec: ObjectSpec) -> tuple[str, ...]:
    """Return the actions that have a scope of their own."""
    return () if any(field.type == MASTER_TYPE for field in spec.fields) else SCOPED_ACTIONS


def _ids(texts: list[str]) -> tuple[uuid.UUID, ...]:
    return tuple(item for text in texts if (item := parse_uuid(text)))
