"""The names behind traces of several users over one record, each kind of them read once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from django.utils import timezone

from crm_platform.identity.models import Department, Role
from metadata.compiler.compiled import CompiledObject
from objects.access.grantors import Grantors, grantors_of
from objects.access.models import Delegation, RecordShare, Territory
from objects.access.naming import names_of
from objects.access.policy import AccessPolicy


class TraceNames:
    """What names roles, departments, shares and the like for some users; `language` is that of the reader."""

    def __init__(self, policies: Iterable[AccessPolicy], language: str) -> None:
        self.policies, self.language = list(policies), language
        self._grantors: dict[str, Grantors] = {}
        self._shares: dict[uuid.UUID, tuple[list[RecordShare], Mapping[str, str]]] = {}

    @cached_property
    def roles(self) -> Mapping[uuid.UUID, Role]:
        wanted = {policy.actor.role_id for policy in self.policies if policy.actor.role_id}
        return {role.uuid: role for role in Role.objects.filter(uuid__in=wanted)}

    @cached_property
    def departments(self) -> Mapping[uuid.UUID, Department]:
        return {item.pk: item for item in Department.objects.order_by("path")}

    @cached_property
    def territories(self) -> Mapping[uuid.UUID | None, Territory]:
        return {item.pk: item for item in Territory.objects.filter(is_active=True)}

    @cached_property
    def stand_ins(self) -> Sequence[Delegation]:
        """The delegations to the users that are in force."""
        now = timezone.now()
        users = [policy.actor.user_id for policy in self.policies]
        rows = Delegation.objects.filter(delegate__in=users, starts_at__lte=now, ends_at__gt=now)
        return list(rows.select_related("user").order_by("ends_at", "id"))

    def grantors(self, object_name: str) -> Grantors:
        if object_name not in self._grantors:
            self._grantors[object_name] = grantors_of([policy.actor for policy in self.policies], object_name)
        return self._grantors[object_name]

    def shares(self, obj: CompiledObject, record_id: uuid.UUID) -> tuple[list[RecordShare], Mapping[str, str]]:
        """Return all shares of a record, the strongest first, and the names of those with whom it is shared."""
        if record_id not in self._shares:
            rows = RecordShare.objects.filter(record_id=record_id, object_id=obj.spec.id).select_related("granted_by")
            every = list(rows.order_by("-level", "id"))
            self._shares[record_id] = every, names_of(row.principal for row in every)
        return self._shares[record_id]
