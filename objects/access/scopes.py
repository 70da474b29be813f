"""From rules to predicates: the ways by which a caller reaches records of an object, and their values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from crm_platform.kit.context import system_actor
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from objects.access import criteria, visibility
from objects.access.reach import READ, level_for
from objects.access.standing import Scopes, Size, Standing, size_of
from objects.access.visibility import (
    Branches,
    Criteria,
    Departments,
    Master,
    OwnedParent,
    Owners,
    Scope,
    Seen,
    Shared,
    Way,
    master_field,
)

if TYPE_CHECKING:
    from objects.access.policy import AccessPolicy

RULE, RULE_OWNERS, RULE_DEPARTMENTS, CHOSEN = "rule", "rule_owners", "rule_departments", "chosen"
OPENS_TO_OWNER = "opens_to_owner"  # setting of a lookup: who owns the other record sees this one


def make_scope(policy: AccessPolicy, obj: CompiledObject, action: str, depth: int = 0) -> Scope:
    """Return what a caller reaches for an action; children follow their master."""
    if not obj.is_business_object:
        return Scope(obj, policy.parameters, is_open=True)
    limits = _limits(policy, obj)
    if policy.opens(obj.name, action):
        return Scope(obj, policy.parameters, limits=limits, is_open=True)
    field = master_field(obj)
    if field is None:
        return _alone(policy, obj, action, limits)
    master = obj.target(str(field.main.references))
    if depth == visibility.MAX_MASTERS or not policy.can(master.name, READ):
        return Scope(obj, policy.parameters)
    above = make_scope(policy, master, action, depth + 1)
    if above.is_none:
        return Scope(obj, policy.parameters)
    if above.is_all:
        return Scope(obj, policy.parameters, limits=limits, is_open=True)
    return Scope(obj, policy.parameters, (Master(field, above),), limits)


def _alone(policy: AccessPolicy, obj: CompiledObject, action: str, limits: tuple[Way, ...]) -> Scope:
    """Return what a caller reaches of an object without a master; what he can't read he can't act on either."""
    if policy.reaches_all(obj.name, action):
        if policy.reaches_all(obj.name, READ):
            return Scope(obj, policy.parameters, limits=limits, is_open=True)
        return Scope(obj, policy.parameters, _ways(policy, obj, READ), limits)
    if not _reads_as_far(policy, obj, action):
        limits = (*limits, Seen(_ways(policy, obj, READ)))
    return Scope(obj, policy.parameters, _ways(policy, obj, action), limits)


def _reads_as_far(policy: AccessPolicy, obj: CompiledObject, action: str) -> bool:
    """Tell whether everything within reach of an action is within reach of reading for certain."""
    if action == READ or policy.standing is None or policy.reaches_all(obj.name, READ):
        return True
    there, here = policy.standing.reach(obj.name, action), policy.standing.reach(obj.name, READ)
    if there == here or there.data_scope == Scopes.NONE:
        return True
    if there.data_scope == Scopes.OWN:
        return here.data_scope != Scopes.NONE
    return (there.data_scope, here.data_scope) == (Scopes.DEPARTMENT, Scopes.DEPARTMENT_BELOW)


def _ways(policy: AccessPolicy, obj: CompiledObject, action: str) -> tuple[Way, ...]:
    standing = policy.standing
    if standing is None:
        return ()
    return (
        *_by_role(standing, obj, action),
        *_by_rules(policy, standing, obj, action),
        Shared(obj.spec.id, level_for(action)),
        *(_by_parents(policy, obj) if action == READ else ()),
    )


def _by_role(standing: Standing, obj: CompiledObject, action: str) -> list[Way]:
    """Return the ways that the role's data scope opens; each includes the caller's own records."""
    reach, circle = standing.reach(obj.name, action), standing.circle
    scope = Scopes(reach.data_scope)
    if scope == Scopes.NONE:
        return []
    size = standing.size(scope)
    ways: list[Way] = []
    if scope == Scopes.SUBORDINATES:
        ways.append(Owners(visibility.SUBORDINATES, is_few=size <= Size.FEW))
    elif scope == Scopes.ROLES_BELOW:
        ways.append(Owners(visibility.ROLES_BELOW, is_few=size <= Size.FEW))
    elif scope == Scopes.CHOSEN:
        chosen = size_of(standing.within(reach.departments))
        ways.append(Departments((CHOSEN, obj.name, action), is_few=chosen <= Size.FEW))
    elif scope == Scopes.DEPARTMENT and circle.department_ids:
        is_one = size == Size.ONE
        key = visibility.DEPARTMENT if is_one else visibility.DEPARTMENTS
        ways.append(Departments(key, is_one, is_few=size == Size.FEW))
    elif scope == Scopes.DEPARTMENT_BELOW and circle.department_ids:
        listed = Departments(visibility.BRANCH, is_few=size <= Size.FEW)
        ways.append(Branches(visibility.BRANCH_PATHS) if size == Size.COUNTLESS else listed)
    is_one = len(standing.own) == 1
    return [*ways, Owners(visibility.ME if is_one else visibility.OWN, is_one, is_few=not is_one)]


def _by_rules(policy: AccessPolicy, standing: Standing, obj: CompiledObject, action: str) -> list[Way]:
    """Return the ways that sharing rules open; those by owner are two lists, however many rules there are."""
    level = level_for(action)
    rules = [rule for rule in standing.sharing(obj.name) if rule.level >= level]
    ways: list[Way] = []
    if any(rule.owned_by is not None for rule in rules):
        ways += _owned_by_rules(standing, obj.name, int(level))
    for rule in rules:
        if rule.owned_by is None:
            ways.append(_criteria(policy, obj, rule))
    return ways


def _owned_by_rules(standing: Standing, object_name: str, level: int) -> Iterator[Way]:
    owners = size_of(standing.rule_owners(object_name, level))
    departments = size_of(standing.rule_departments(object_name, level))
    rules = visibility.RULES
    if owners > Size.NONE:
        yield Owners((RULE_OWNERS, object_name, level), source=rules, is_few=owners <= Size.FEW)
    if departments > Size.NONE:
        yield Departments((RULE_DEPARTMENTS, object_name, level), source=rules, is_few=departments <= Size.FEW)


def _by_parents(policy: AccessPolicy, obj: CompiledObject) -> Iterable[Way]:
    for field in obj:
        if not field.spec.settings.get(OPENS_TO_OWNER):
            continue
        for name in field.type.targets(field.spec):
            if name in current_snapshot().spec.object_map and policy.can(name, READ):
                yield OwnedParent(field.main.column, current_snapshot().object(name).table)


def _limits(policy: AccessPolicy, obj: CompiledObject) -> tuple[Criteria, ...]:
    if policy.standing is None or policy.modifies_all:
        return ()
    return tuple(_criteria(policy, obj, rule) for rule in policy.standing.restrictions(obj.name))


def _criteria(policy: AccessPolicy, obj: CompiledObject, rule: Any) -> Criteria:
    key = (RULE, obj.name, type(rule).__name__, rule.id)
    bound = criteria.bound_or_none(obj, rule.condition, system_actor(), type(policy).of(system_actor()))
    return Criteria(key, bound.shape if bound else None, criteria.compiled(obj, key, bound))


class ScopeValues(dict[Any, Any]):
    """The values of a caller's slots, worked out when a statement asks for them first."""

    def __init__(self, policy: AccessPolicy) -> None:
        super().__init__()
        self._policy = policy

    def __missing__(self, key: Any) -> Any:
        standing = self._policy.standing
        if standing is None:
            raise KeyError(key)
        value = self[key] = _general(standing, key) if isinstance(key, str) else self._of_object(standing, *key)
        return value

    def _of_object(self, standing: Standing, kind: str, object_name: str, *rest: Any) -> Any:
        if kind == RULE_OWNERS:
            return _array(standing.rule_owners(object_name, *rest))
        if kind == RULE_DEPARTMENTS:
            return _array(standing.rule_departments(object_name, *rest))
        if kind == CHOSEN:
            return _array(standing.within(standing.reach(object_name, *rest).departments))
        if kind == RULE:
            return self._operand(standing, object_name, *rest)
        raise KeyError(kind)

    def _operand(self, standing: Standing, object_name: str, rule_type: str, rule_id: int, number: int) -> Any:
        """Return one value of a rule's condition, all of which are worked out together."""
        groups = (standing.sharing(object_name), standing.restrictions(object_name))
        rule: Any = next(r for group in groups for r in group if (type(r).__name__, r.id) == (rule_type, rule_id))
        obj = current_snapshot().object(object_name)
        everything = type(self._policy).of(system_actor())
        bound = criteria.bound_or_none(obj, rule.condition, standing.actor, everything)
        for place, value in enumerate(bound.values if bound else ()):
            self[RULE, object_name, rule_type, rule_id, place] = value
        return self.get((RULE, object_name, rule_type, rule_id, number))


def _general(standing: Standing, key: str) -> Any:
    circle = standing.circle
    if key == visibility.ME:
        return str(standing.own[0])
    if key == visibility.DEPARTMENT:
        return str(circle.department_ids[0])
    if key == visibility.PRINCIPALS:
        return _array(standing.principals)
    if key == visibility.BRANCH_PATHS:
        return _array(f"{path}%" for path in circle.department_paths)
    return _array(
        {
            visibility.OWN: lambda: standing.own,
            visibility.SUBORDINATES: lambda: circle.subordinates,
            visibility.ROLES_BELOW: lambda: circle.people_of_roles_below,
            visibility.DEPARTMENTS: lambda: circle.department_ids,
            visibility.BRANCH: lambda: circle.departments_below,
        }[key]()
    )


def _array(items: Iterable[Any]) -> str:
    """Return an array literal of ids, principals or paths, none of which needs quoting: one parameter."""
    return f"{{{','.join(map(str, items))}}}"
