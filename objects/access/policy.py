"""`AccessPolicy`: stands in front of every read and write of records, for every channel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crm_platform.identity.people import hides_details
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden
from crm_platform.tenancy.context import current_schema
from metadata.compiler.compiled import CompiledField, CompiledObject, UnknownObject
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import ObjectSpec
from metadata.expressions.graph import FieldNode
from objects.access import field_security
from objects.access.field_grants import FieldLevel, FieldLevels, field_grants_of
from objects.access.grants import ACTIONS, MODIFY_RECORDS, VIEW_RECORDS, Grants, grants_of
from objects.access.reach import READ, default_level, level_for, scoped
from objects.access.scopes import ScopeValues, make_scope
from objects.access.standing import Scopes, Standing
from objects.access.visibility import Scope

VIEW_ALL, MODIFY_ALL = "identity.view_all_data", "identity.modify_all_data"
_NO_GRANTS: frozenset[str] = frozenset()


class AccessPolicy:
    """What one caller may do: with objects (by his profile), with records (by role and sharing), with fields.

    Built once per actor; holds plain values and the grants. What it reads besides is kept per access version.
    """

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.modifies_all = actor.has_function(MODIFY_ALL)
        self.reads_all = self.modifies_all or actor.has_function(VIEW_ALL)
        self.grants: Grants = {} if self.modifies_all else grants_of(actor)
        self.standing = None if actor.is_system or actor.user_id is None else Standing(actor)
        self.parameters = ScopeValues(self)
        # Equal versions have equal grants and rules; without one, policies share nothing.
        version = 0 if actor.is_system else actor.access_version or id(self)  # the system may always do everything
        self.hides_contacts = not self.modifies_all and hides_details(actor)  # e-mail and phone of colleagues
        self._field_shape: tuple[Any, ...] = (
            self.modifies_all,
            self.reads_all,
            version,
            actor.group_ids,
            self.hides_contacts,
        )
        self._fingerprint = self._make_fingerprint()

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
        """What the SQL of a read depends on: equal for callers of the same grants, role and rules."""
        return self._fingerprint

    @property
    def field_shape(self) -> tuple[Any, ...]:
        """What the caller's fields depend on: equal for callers of the same groups."""
        return self._field_shape

    # --- objects ------------------------------------------------------------------------------------------
    def can(self, object_name: str, action: str) -> bool:
        """Tell whether the caller may do `action` with records of an object, within his reach."""
        if action not in ACTIONS:
            raise ValueError(f"unknown action {action!r}")
        if self.modifies_all or (self.reads_all and action == READ):
            return True
        granted = self.grants.get(object_name, _NO_GRANTS)
        return action in granted and READ in granted

    def knows(self, obj: CompiledObject) -> bool:
        """Tell whether the object exists for the caller; users and departments are known to everybody."""
        return not obj.is_business_object or self.can(obj.name, READ)

    def require(self, object_name: str, action: str) -> None:
        """Raise UnknownObject where the caller may not know the object, Forbidden where he may only look."""
        if object_name not in current_snapshot().spec.object_map or not self.can(object_name, READ):
            raise UnknownObject
        if not self.can(object_name, action):
            raise Forbidden

    def readable_objects(self) -> tuple[ObjectSpec, ...]:
        """Return the objects that exist for the caller, in the organisation's order."""
        return tuple(spec for spec in current_snapshot().objects() if self.can(spec.api_name, READ))

    # --- fields -------------------------------------------------------------------------------------------
    @property
    def field_limits(self) -> FieldLevels | None:
        """What is granted to the caller by object and field, None for one whom nothing is kept from."""
        return None if self.modifies_all or self.actor.is_system else field_grants_of(self.actor)

    def field_level(self, obj: CompiledObject, name: str) -> FieldLevel:
        """Return what the caller may do with a field of an object; raises KeyError for one that there is not."""
        return field_security.levels_of(self, obj)[name]

    def visible_fields(self, obj: CompiledObject) -> tuple[CompiledField, ...]:
        """Return the fields that exist for the caller, for showing them; some of them he sees only masked."""
        return field_security.visible_fields(self, obj)

    def visible_field(self, obj: CompiledObject, name: str) -> CompiledField | None:
        """Return a field as the caller may see it, None for one that does not exist for him."""
        return field_security.visible_field(self, obj, name)

    def readable_fields(self, obj: CompiledObject) -> tuple[CompiledField, ...]:
        """Return the fields that the caller may read and ask for; any other is unknown to him in filters."""
        return field_security.readable_fields(self, obj)

    def editable_fields(self, obj: CompiledObject, *, for_create: bool = False) -> tuple[CompiledField, ...]:
        """Return the fields that the caller may set (on a new record) or change."""
        return field_security.editable_fields(self, obj, for_create=for_create)

    def can_read_field(self, obj: CompiledObject, name: str) -> bool:
        return name in field_security.readable_names(self, obj)

    def level_of_lost(self, obj: CompiledObject, name: str) -> FieldLevel:
        """Return what the caller might do with a field that has been deleted, while its grants are still there."""
        return field_security.level_of_lost(self, obj.name, name)

    def can_see_field(self, obj: CompiledObject, name: str) -> bool:
        """Tell whether a field exists for the caller, be it masked."""
        return field_security.visible_field(self, obj, name) is not None

    def reads_all_of(self, nodes: Iterable[FieldNode]) -> bool:
        """Tell whether the caller may read all of these fields (object, field)."""
        return field_security.reads_all(self, nodes)

    # --- records ------------------------------------------------------------------------------------------
    def scope(self, obj: CompiledObject, action: str = READ) -> Scope:
        """Return the records of an object on which the caller may do `action`, by his reach alone.

        Whether he may do it to the object at all is `can`. Children follow their master's scope for the same
        action; users and departments are known to everybody.
        """
        return make_scope(self, obj, scoped(action))

    def opens(self, object_name: str, action: str) -> bool:
        """Tell whether the caller's profile opens every record of an object; restrictions come on top."""
        if self.actor.is_system or self.modifies_all or (action == READ and self.reads_all):
            return True
        granted = self.grants.get(object_name, _NO_GRANTS)
        return MODIFY_RECORDS in granted or (action == READ and VIEW_RECORDS in granted)

    def reaches_all(self, object_name: str, action: str) -> bool:
        """Tell whether all records of an object that has no master are within reach, whoever owns them."""
        if self.opens(object_name, action):
            return True
        if self.standing is None:
            return False
        if default_level(self.standing.rules.defaults.get(object_name, "private")) >= level_for(action):
            return True
        return self.standing.reach(object_name, action).data_scope == Scopes.ALL

    def _make_fingerprint(self) -> tuple[Any, ...]:
        actor = self.actor
        if actor.is_system:
            return ("system",)
        standing = self.standing.shape if self.standing else None
        return (*self._field_shape, actor.role_id, actor.data_scope, standing)
