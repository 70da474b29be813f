"""The layers of reach over one record: every way by which it might be opened, and every rule that might close it.

The verdict is that of the scope itself, asked as a whole. Its parts are asked one by one in the same statement; what
is read besides only puts names to them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from metadata.compiler.compiled import CompiledObject
from metadata.models import BusinessObject
from objects.access import trace_shares, trace_territories, visibility
from objects.access.asking import Answer, Asked, ask
from objects.access.circle import people_of
from objects.access.explanation import Cause, Layer, Outcome, Step
from objects.access.facts import Facts, facts_of
from objects.access.grantors import said
from objects.access.grants import MODIFY_RECORDS, VIEW_RECORDS
from objects.access.models import Level, RoleScope
from objects.access.policy import AccessPolicy
from objects.access.principals import DEPARTMENT, DEPARTMENT_BELOW
from objects.access.reach import READ, default_level, level_for, scoped
from objects.access.rules import Sharing
from objects.access.standing import Scopes, Standing
from objects.access.trace_names import TraceNames
from objects.access.visibility import Criteria, Departments, OwnedParent, Owners, Seen, Way, master_field

ONE_RULE = "one_rule"  # keys of the values of one sharing rule alone


def traces(
    policies: Sequence[AccessPolicy], obj: CompiledObject, action: str, facts: Facts, names: TraceNames
) -> list[Trace]:
    """Return what decides about a record for each of some users: one statement for each master above it, and one."""
    made = [Trace(policy, obj, action, facts, names) for policy in policies]
    for trace, answer in zip(made, ask([trace.asked for trace in made], facts.id), strict=True):
        trace.answer = answer
    master = trace_master(obj)
    above = facts_of(master, facts.master_id) if master is not None and facts.master_id else None
    if master is not None and above is not None:
        following = [trace for trace in made if trace.policy.can(master.name, READ)]
        higher = traces([trace.policy for trace in following], master, action, above, names)
        for trace, one in zip(following, higher, strict=True):
            trace.above = one
    return made


def trace_master(obj: CompiledObject) -> CompiledObject | None:
    """Return the object whose records the object's records follow."""
    field = master_field(obj)
    return obj.target(str(field.main.references)) if field is not None else None


class Trace:
    """What decides about one record for one user and action; made by `traces`."""

    answer: Answer
    above: Trace | None = None  # over the master record

    def __init__(self, policy: AccessPolicy, obj: CompiledObject, action: str, facts: Facts, names: TraceNames) -> None:
        assert policy.standing is not None, "the platform itself needs no way"
        self.policy, self.obj, self.action, self.facts, self.names = policy, obj, scoped(action), facts, names
        self.standing: Standing = policy.standing
        self.scope = policy.scope(obj, action)
        self.name, self.language = policy.actor.name, names.language

    @cached_property
    def asked(self) -> Asked:
        ways, values = self._owner_rules
        return Asked(self.scope, list(ways.values()), values)

    @property
    def is_within(self) -> bool:
        return self.answer.is_within

    def steps(self) -> tuple[Step, ...]:
        """Return the layers in the order in which they are asked."""
        found = [*self._opening()]
        is_open = self.policy.opens(self.obj.name, self.action)
        if not is_open and not any(step.outcome == Outcome.ALLOWS for step in found):
            text = _("Nothing opens this record to %(name)s for this action.") % {"name": self.name}
            found.append(Step(Layer.REACH, Outcome.DENIES, text))
        return (*found, *self._limits())

    # --- ways ---------------------------------------------------------------------------------------------
    def _opening(self) -> Iterator[Step]:
        by_right = self.policy.opens(self.obj.name, self.action)
        if not (self.policy.modifies_all or (self.policy.reads_all and self.action == READ)):
            yield self._all_of_object(by_right)
        if master_field(self.obj) is not None:
            yield not_asked(Layer.MASTER) if by_right else self._master()
            return
        later = (Layer.ROLE, Layer.OWNER, Layer.SHARING_RULE, Layer.SHARE)
        if by_right:
            yield from map(not_asked, (Layer.DEFAULT, *later))
            return
        default = self._default()
        yield default
        if default.outcome == Outcome.ALLOWS:
            yield from map(not_asked, later)
            return
        role = self._role()
        yield role
        if self.scope.is_open:
            yield from map(not_asked, later[1:])
            return
        yield from self._ways()

    def _all_of_object(self, is_open: bool) -> Step:
        if not is_open:
            text = _("No profile or permission set opens every record of the object.")
            return Step(Layer.ALL_OF_OBJECT, Outcome.SILENT, text)
        action = MODIFY_RECORDS if self.action != READ else VIEW_RECORDS
        grantors = self.names.grantors(self.obj.name)
        causes = grantors.of_action(self.policy.actor, action)
        causes = causes or grantors.of_action(self.policy.actor, MODIFY_RECORDS)
        text = _("Every record of the object is open by %(who)s.") % {"who": said(causes)}
        return Step(Layer.ALL_OF_OBJECT, Outcome.ALLOWS, text, causes[0] if causes else None)

    def _master(self) -> Step:
        master = trace_master(self.obj)
        assert master is not None
        label = master.spec.label.text(self.language)
        if not self.policy.can(master.name, READ):
            text = _("%(name)s may not read the object “%(object)s”, to which this record belongs.")
            return Step(Layer.MASTER, Outcome.DENIES, text % {"name": self.name, "object": label})
        if self.above is None:
            return Step(Layer.MASTER, Outcome.DENIES, _("The record belongs to no master record."))
        is_open = self.scope.is_open or any(self.answer.ways)
        text = _("The record follows its master record (%(object)s).") % {"object": label}
        cause = Cause("record", f"{master.name}/{self.above.facts.id}", label)
        return Step(Layer.MASTER, Outcome.ALLOWS if is_open else Outcome.DENIES, text, cause, self.above.steps())

    def _default(self) -> Step:
        sharing = BusinessObject.Sharing(self.standing.rules.defaults.get(self.obj.name, "private"))
        is_open = default_level(sharing) >= level_for(self.action)
        outcome = Outcome.ALLOWS if is_open and self.scope.is_open else Outcome.SILENT
        text = _("Default of the object: %(label)s.") % {"label": sharing.label}
        return Step(Layer.DEFAULT, outcome, f"{text}{self._as_read(is_open)}", Cause("object", self.obj.name, ""))

    def _as_read(self, is_open: bool) -> str:
        """Return what follows where an action is open on everything that one reads, but not everything is read."""
        if not is_open or self.scope.is_open:
            return ""
        return " " + _("Nobody acts on what he may not see, so that the ways of reading decide.")

    def _role(self) -> Step:
        role = self.names.roles.get(self.policy.actor.role_id) if self.policy.actor.role_id else None
        reach = self.standing.reach(self.obj.name, self.action)
        cause = Cause("role", str(role.uuid), role.name) if role else None
        told = {"role": role.name if role else _("(none)"), "scope": RoleScope.DataScope(reach.data_scope).label}
        text = _("Role “%(role)s”: %(scope)s.") % told
        if reach.data_scope == Scopes.ALL:
            outcome = Outcome.ALLOWS if self.scope.is_open else Outcome.SILENT
            return Step(Layer.ROLE, outcome, f"{text}{self._as_read(True)}", cause)
        covers = any(
            is_open and way.source == visibility.ROLE and getattr(way, "key", None) not in _OWN
            for way, is_open in zip(self.scope.ways, self.answer.ways, strict=True)
        )
        why = self._covered(reach.departments) if covers else self._not_covered()
        return Step(Layer.ROLE, Outcome.ALLOWS if covers else Outcome.SILENT, f"{text} {why}", cause)

    def _covered(self, chosen: tuple[uuid.UUID, ...]) -> str:
        """Return in words why the role's scope covers the record: the department above it, or the line to its owner."""
        every = self.names.departments
        above = [every[key] for key in chosen or self.standing.circle.department_ids if key in every]
        fitting = [item for item in above if self.facts.department_path.startswith(item.path)]
        found = max(fitting, key=lambda item: len(item.path), default=None)
        is_by_owner = any(
            is_open and isinstance(way, Owners) and way.key not in _OWN
            for way, is_open in zip(self.scope.ways, self.answer.ways, strict=True)
            if way.source == visibility.ROLE
        )
        if is_by_owner or found is None:
            return _("The owner, %(owner)s, is among them.") % {"owner": self.facts.owner}
        if found.pk == self.facts.department_id:
            return _("The record belongs to %(department)s.") % {"department": found.name}
        return _("%(above)s covers %(department)s.") % {"above": found.name, "department": self.facts.department}

    def _not_covered(self) -> str:
        if self.facts.owner_id is None:
            return _("The record has no owner.")
        told = {"owner": self.facts.owner, "department": self.facts.department or _("no department")}
        return _("The record belongs to %(owner)s (%(department)s).") % told

    def _ways(self) -> Iterator[Step]:
        held = dict(zip((way.shape for way in self.scope.ways), self.answer.ways, strict=True))
        is_own = any(held[way.shape] for way in self.scope.ways if getattr(way, "key", None) in _OWN)
        yield from trace_shares.ownership(self.standing, self.facts, self.names, self.name, is_own=is_own)
        yield from self._sharing_rules(held)
        needed = level_for(self.action) if self._is_by(self.action) else level_for(READ)
        yield from trace_shares.shares(self.standing, self.names.shares(self.obj, self.facts.id), needed)
        for way in self.scope.ways:
            if isinstance(way, OwnedParent):
                yield self._parent(way, is_open=held[way.shape])

    def _is_by(self, action: str) -> bool:
        """Tell whether the ways of the action itself decide, and not those of reading."""
        return not self.policy.reaches_all(self.obj.name, action)

    @cached_property
    def _owner_rules(self) -> tuple[dict[int, Way], dict[Any, str]]:
        """Return a way for each sharing rule by owner that is in force for the user, and its values."""
        ways: dict[int, Way] = {}
        values: dict[Any, str] = {}
        for rule in self.standing.sharing(self.obj.name) if not self.scope.is_open else ():
            owner, key = rule.owned_by, (ONE_RULE, rule.id)
            if owner is None:
                continue
            if owner.kind in (DEPARTMENT, DEPARTMENT_BELOW) and owner.id:
                ids = (owner.id,) if owner.kind == DEPARTMENT else self.standing.within([owner.id])
                ways[rule.id] = Departments(key)
            else:
                ids = people_of(owner)
                ways[rule.id] = Owners(key)
            values[key] = f"{{{','.join(map(str, ids))}}}"
        return ways, values

    def _sharing_rules(self, held: dict[Any, bool]) -> Iterator[Step]:
        owned = dict(zip(self._owner_rules[0], self.answer.others, strict=True))
        met = {way.rule[-1]: held[way.shape] for way in self.scope.ways if isinstance(way, Criteria)}
        needed = level_for(self.action) if self._is_by(self.action) else level_for(READ)
        for rule in self.standing.sharing(self.obj.name):
            is_met = owned.get(rule.id, met.get(rule.id, False))
            yield self._sharing_rule(rule, is_met=is_met, is_enough=rule.level >= needed)

    def _sharing_rule(self, rule: Sharing, *, is_met: bool, is_enough: bool) -> Step:
        cause = Cause("sharing_rule", str(rule.uuid), rule.label)
        told = {"rule": rule.label, "level": Level(rule.level).label}
        if not is_enough:
            text = _("Sharing rule “%(rule)s” allows less than that: %(level)s.")
        elif is_met:
            text = _("Sharing rule “%(rule)s” opens the record: %(level)s.")
        else:
            text = _("Sharing rule “%(rule)s” is about other records.")
        outcome = Outcome.ALLOWS if is_met and is_enough else Outcome.SILENT
        place = trace_territories.place(self.standing, self.names, self.name, rule.shared_with)
        return Step(Layer.SHARING_RULE, outcome, f"{text % told} {place}".rstrip(), cause)

    def _parent(self, way: OwnedParent, *, is_open: bool) -> Step:
        field = next(field for field in self.obj if way.column in {item.column for item in field.columns})
        told = {"field": field.spec.label.text(self.language)}
        if is_open:
            text = _("Whoever owns the record in “%(field)s” sees this one, too.")
        else:
            text = _("The record in “%(field)s” belongs to somebody else.")
        return Step(Layer.PARENT, Outcome.ALLOWS if is_open else Outcome.SILENT, text % told)

    # --- limits -------------------------------------------------------------------------------------------
    def _limits(self) -> Iterator[Step]:
        for limit, is_met in zip(self.scope.limits, self.answer.limits, strict=True):
            if isinstance(limit, Criteria):
                yield self._restriction(limit, is_met=is_met)
            elif isinstance(limit, Seen):
                yield self._seen(is_met=is_met)

    def _restriction(self, limit: Criteria, *, is_met: bool) -> Step:
        rule = next(item for item in self.standing.restrictions(self.obj.name) if item.id == limit.rule[-1])
        if is_met:
            text = _("Restriction rule “%(rule)s”: the record meets its condition.")
        else:
            text = _("Restriction rule “%(rule)s” closes the record: it does not meet the condition.")
        cause = Cause("restriction_rule", str(rule.uuid), rule.label)
        outcome = Outcome.ALLOWS if is_met else Outcome.DENIES
        return Step(Layer.RESTRICTION, outcome, text % {"rule": rule.label}, cause)

    def _seen(self, *, is_met: bool) -> Step:
        if is_met:
            return Step(Layer.SEEN, Outcome.ALLOWS, _("%(name)s may read the record.") % {"name": self.name})
        steps = traces([self.policy], self.obj, READ, self.facts, self.names)[0].steps()
        text = _("%(name)s may not read the record, and nobody acts on what he may not see.") % {"name": self.name}
        return Step(Layer.SEEN, Outcome.DENIES, text, None, steps)


_OWN = frozenset({visibility.ME, visibility.OWN})


def not_asked(layer: Layer) -> Step:
    """Return a layer that plays no part, since access is open or closed without it."""
    return Step(layer, Outcome.NOT_ASKED, _("Not asked: decided already."))
