"""The kinds of acts that are written to the audit trail."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class Action:
    """A kind of act: a stable key and what people read."""

    key: str
    label: Promise


actions: Registry[Action] = Registry("audit action")

REVEALED = "field.revealed"
REVEAL_REFUSED = "field.reveal_refused"

actions.register(Action(REVEALED, _("Value revealed")))
actions.register(Action(REVEAL_REFUSED, _("Reveal refused")))

# Who may do what: told by crm_platform.identity.journal, and by the services of objects.access.
for key, label in (
    ("role.created", _("Role created")),
    ("role.changed", _("Role changed")),
    ("role.deleted", _("Role deleted")),
    ("role.scopes_changed", _("Data scopes of a role changed")),
    ("profile.created", _("Profile created")),
    ("profile.changed", _("Profile changed")),
    ("profile.deleted", _("Profile deleted")),
    ("permission_set.created", _("Permission set created")),
    ("permission_set.changed", _("Permission set changed")),
    ("permission_set.deleted", _("Permission set deleted")),
    ("permission_set.members_changed", _("Members of a permission set changed")),
    ("group.created", _("Group created")),
    ("group.changed", _("Group changed")),
    ("group.deleted", _("Group deleted")),
    ("group.members_changed", _("Members of a group changed")),
    ("user.created", _("User created")),
    ("user.changed", _("User changed")),
    ("user.departments_changed", _("Other departments of a user changed")),
    ("user.deactivated", _("User deactivated")),
    ("user.reactivated", _("User activated again")),
    ("user.invited", _("User invited")),
    ("user.invitation_accepted", _("Invitation accepted")),
    ("department.created", _("Department created")),
    ("department.changed", _("Department changed")),
    ("department.moved", _("Department moved")),
    ("department.closed", _("Department closed")),
    ("department.reopened", _("Department opened again")),
    ("grants.functions_changed", _("Function permissions changed")),
    ("grants.objects_changed", _("Object permissions changed")),
    ("user.signed_in", _("Signed in")),
    ("user.locked_out", _("Locked after too many failures")),
    ("user.unlocked", _("Account unlocked")),
    ("user.password_changed", _("Password changed")),
    ("user.password_reset", _("Password set by an administrator")),
    ("second_factor.enabled", _("Two-factor sign-in switched on")),
    ("second_factor.disabled", _("Two-factor sign-in switched off")),
    ("second_factor.reset", _("Two-factor sign-in reset by an administrator")),
    ("second_factor.codes_renewed", _("Recovery codes renewed")),
    ("sessions.ended", _("Sessions ended")),
    ("sign_in.policy_changed", _("Rules of sign-in changed")),
    ("profile.sign_in_changed", _("Rules of sign-in of a profile changed")),
):
    actions.register(Action(key, label))

# Who reaches which records: told by the services of objects.access.
for key, label in (
    ("sharing_rule.created", _("Sharing rule created")),
    ("sharing_rule.changed", _("Sharing rule changed")),
    ("sharing_rule.deleted", _("Sharing rule deleted")),
    ("restriction_rule.created", _("Restriction rule created")),
    ("restriction_rule.changed", _("Restriction rule changed")),
    ("restriction_rule.deleted", _("Restriction rule deleted")),
    ("object_default.changed", _("Default access to an object changed")),
    ("record.shared", _("Record shared")),
    ("record.share_changed", _("Share of a record changed")),
    ("record.unshared", _("Share of a record taken back")),
    ("record.team_added", _("Member added to a team")),
    ("record.team_changed", _("Member of a team changed")),
    ("record.team_removed", _("Member taken off a team")),
    ("territory.created", _("Territory created")),
    ("territory.changed", _("Territory renamed")),
    ("territory.moved", _("Territory moved")),
    ("territory.closed", _("Territory closed")),
    ("territory.reopened", _("Territory opened again")),
    ("territory.deleted", _("Territory deleted")),
    ("territory.members_changed", _("Members of a territory changed")),
    ("delegation.created", _("Delegation made")),
    ("delegation.ended", _("Delegation ended")),
):
    actions.register(Action(key, label))

# Pools: told by the services of workflows.pools.
for key, label in (
    ("sla.changed", _("Response times of a pool changed")),
    ("assignment.rule_created", _("Assignment rule created")),
    ("assignment.rule_changed", _("Assignment rule changed")),
    ("assignment.rule_deleted", _("Assignment rule deleted")),
    ("pool.created", _("Pool created")),
    ("pool.changed", _("Pool changed")),
    ("pool.deleted", _("Pool deleted")),
    ("pool.members_changed", _("Members of a pool changed")),
    ("pool.quota_changed", _("Limits of a person in a pool changed")),
    ("pool.caps_changed", _("Limits over all pools changed")),
    ("pool.rules_changed", _("Rules of return of a pool changed")),
):
    actions.register(Action(key, label))
