"""What expressions may know of the caller and the organisation; read when first asked for, once per caller."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from crm_platform.identity.models import Department, OrganizationSettings, User
from crm_platform.kit.context import Actor
from crm_platform.kit.workdays import CHINA, OwnCalendar, WorkCalendar

_MEMO = "expressions.surroundings"


class Surroundings:
    """Answers `$User.`, `$Dept.`, `$Role.` and `$Org.`, and what HASROLE, ISMANAGEROF, INDEPT and MYTEAM ask."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self._memo: dict[Any, Any] = actor.memo.setdefault(_MEMO, {})

    def constant(self, path: str) -> Any:
        """Return the value of a name that begins with $; None where there is no such thing."""
        prefix, *steps = path.split(".")
        here: Any = {"$User": self._user, "$Dept": self._department, "$Role": self._role, "$Org": self._org}[prefix]()
        for step in steps:
            here = None if here is None else getattr(here, step)
        return here

    def has_role(self, api_name: str) -> bool:
        role = self._role()
        return role is not None and role.api_name == api_name

    def is_manager_of(self, user_id: uuid.UUID) -> bool:
        """Tell whether a user reports to the caller, directly or through others."""
        return user_id in self._known("team", self._reports)

    def team(self) -> tuple[uuid.UUID, ...]:
        """Return everyone who reports to the caller, directly or through others."""
        found: tuple[uuid.UUID, ...] = self._known("team", self._reports)
        return found

    def in_department(self, department: str) -> bool:
        """Tell whether the caller belongs to a department (by name or code) or to one below it."""
        path = self.actor.department_path
        above = [path[:end] for end in range(4, len(path) + 1, 4)]
        rows = self._known("departments", lambda: list(Department.objects.filter(path__in=above)))
        return any(department in (row.name, row.code) for row in rows)

    def work_calendar(self) -> WorkCalendar:
        """Return the organisation's working days and hours."""
        settings = self._org()
        if settings is None:
            return CHINA
        return OwnCalendar.of(settings.work_days, settings.work_hours, settings.holidays)

    def _reports(self) -> tuple[uuid.UUID, ...]:
        """Return the users below the caller, one statement per level; a ring of managers ends where it closes."""
        found: dict[uuid.UUID, None] = {}
        level = [self.actor.user_id] if self.actor.user_id else []
        while level:
            below = User.objects.filter(manager_id__in=level).values_list("id", flat=True)
            level = [user_id for user_id in below if user_id not in found and user_id != self.actor.user_id]
            found.update(dict.fromkeys(level))
        return tuple(found)

    def _user(self) -> Any:
        return self._known("user", self._read_user)

    def _read_user(self) -> User | None:
        return User.objects.select_related("role").filter(id=self.actor.user_id).first() if self.actor.user_id else None

    def _department(self) -> Any:
        return self._known("department", lambda: Department.objects.filter(id=self.actor.department_id).first())

    def _role(self) -> Any:
        user = self._user()
        return user.role if user else None

    def _org(self) -> Any:
        return self._known("organization", lambda: OrganizationSettings.objects.first())

    def _known(self, what: str, read: Callable[[], Any]) -> Any:
        if what not in self._memo:
            self._memo[what] = read()
        return self._memo[what]
