"""`AccessPolicy`: stands in front of every read and write of records, for every channel."""

from __future__ import annotations

from typing import Any

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden
from crm_platform.tenancy.context import current_schema
from metadata.compiler.compiled import CompiledField, CompiledObject, UnknownObject
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import ObjectSpec
from objects.access import field_security, visibility
from objects.access.grants import ACTIONS, Grants, grants_of
from objects.access.visibility import Scope
from objects.query.params import Values

VIEW_ALL, MODIFY_ALL = "identity.view_all_data", "identity.modify_all_data"
_NO_GRANTS: frozenset[str] = frozenset()


class AccessPolicy:
    """What one caller may do: with objects (by his profile), with records (by his role), with fields.

    Built once per actor; holds plain values and the grants, so that asking costs no query.
    """

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.modifies_all = actor.has_function(MODIFY_ALL)
        self.reads_all = self.modifies_all or actor.has_function(VIEW_ALL)
        self.grants: Grants = {} if self.modifies_all else grants_of(actor)
        reach = self._role_reach()
        branch = visibility.branch_ids(actor) if reach == visibility.BRANCH else None
        self.parameters: Values = {
            visibility.USER_ID: actor.user_id,
            visibility.DEPARTMENT_ID: actor.department_id,
            visibility.BRANCH_PATH: f"{actor.department_path}%",
            visibility.BRANCH_IDS: branch,
        }
        self._fingerprint = (
            self.modifies_all,
            self.reads_all,
            reach,
            branch is not None,
            frozenset(self.grants.items()),
        )

    @classmethod
    def of(cls, actor: Actor) -> AccessPolicy:
        """Return the caller's policy in the current organisation, made on first use."""
        key = (cls, current_schema())
        policy = actor.memo.get(key)
        if policy is None:
            policy = actor.memo[key] = cls(actor)
        return policy  # type: ignore[no-any-return]

    @property
    def fingerprint(self) -> tuple[Any, ...]:
        """What the SQL of a read depends on: equal for callers of the same profile and reach."""
        return self._fingerprint

    # --- objects ------------------------------------------------------------------------------------------
    def can(self, object_name: str, action: str) -> bool:
        """Tell whether the caller may do `action` with records of an object, within his reach."""
        if action not in ACTIONS:
            raise ValueError(f"unknown action {action!r}")
        if self.modifies_all or (self.reads_all and action == "read"):
            return True
        granted = self.grants.get(object_name, _NO_GRANTS)
        return action in granted and "read" in granted

    def knows(self, obj: CompiledObject) -> bool:
        """Tell whether the object exists for the caller; users and departments are known to everybody."""
        return not obj.is_business_object or self.can(obj.name, "read")

    def require(self, object_name: str, action: str) -> None:
        """Raise UnknownObject where the caller may not know the object, Forbidden where he may only look."""
        if object_name not in current_snapshot().spec.object_map or not self.can(object_name, "read"):
            raise UnknownObject
        if not self.can(object_name, action):
            raise Forbidden

    def readable_objects(self) -> tuple[ObjectSpec, ...]:
        """Return the objects that exist for the caller, in the organisation's order."""
        return tuple(spec for spec in current_snapshot().objects() if self.can(spec.api_name, "read"))

    # --- fields -------------------------------------------------------------------------------------------
    def readable_fields(self, obj: CompiledObject) -> tuple[CompiledField, ...]:
        """Return the fields that exist for the caller."""
        return field_security.readable_fields(self.actor, obj)

    def editable_fields(self, obj: CompiledObject, *, for_create: bool = False) -> tuple[CompiledField, ...]:
        """Return the fields that the caller may set (on a new record) or change."""
        return field_security.editable_fields(self.actor, obj, for_create=for_create)

    def can_read_field(self, obj: CompiledObject, name: str) -> bool:
        return name in field_security.readable_names(self.actor, obj)

    # --- records ------------------------------------------------------------------------------------------
    def scope(self, obj: CompiledObject, action: str = "read") -> Scope:
        """Return the records of an object on which the caller may do `action`, by his reach alone.

        Whether he may do it to the object at all is `can`. Children follow their master's scope for the same
        action; users and departments are known to everybody.
        """
        return self._scope(obj, action, 0)

    def _scope(self, obj: CompiledObject, action: str, depth: int) -> Scope:
        if not obj.is_business_object or self.reaches_all(action):
            return self._plain(obj, visibility.ALL)
        field = visibility.master_field(obj)
        if field is None:
            return self._plain(obj, self._role_reach())
        master = obj.target(str(field.main.references))
        if depth == visibility.MAX_MASTERS or not self.can(master.name, "read"):
            return self._plain(obj, visibility.NONE)
        above = self._scope(master, action, depth + 1)
        if above.reach in (visibility.ALL, visibility.NONE):
            return self._plain(obj, above.reach)
        return Scope(obj, visibility.MASTER, self.parameters, (field, above))

    def reaches_all(self, action: str) -> bool:
        """Tell whether every record is within reach for an action, whoever owns it."""
        return self.modifies_all or (action == "read" and self.reads_all) or self._role_reach() == visibility.ALL

    def _plain(self, obj: CompiledObject, reach: str) -> Scope:
        return Scope(obj, reach, self.parameters)

    def _role_reach(self) -> str:
        actor = self.actor
        if actor.is_system or actor.data_scope == visibility.ALL:
            return visibility.ALL
        if actor.user_id is None:
            return visibility.NONE
        if actor.data_scope == visibility.BRANCH and actor.department_path:
            return visibility.BRANCH
        if actor.data_scope in (visibility.DEPARTMENT, visibility.BRANCH) and actor.department_id:
            return visibility.DEPARTMENT
        return visibility.OWN
