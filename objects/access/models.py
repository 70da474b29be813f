"""What decides, beside profiles and owners, who reaches which records. Grants themselves are guardian's rows."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Left, Length, NullIf
from django.utils.translation import gettext_lazy as _
from treebeard.mp_tree import MP_Node

from crm_platform.identity.models import Role, User
from crm_platform.kit.ids import uuid7
from metadata.models import BusinessObject

PRINCIPAL = 60  # characters of a principal: its kind, a colon, a UUID


class Level(models.IntegerChoices):
    """How much a share allows; each includes those before it."""

    READ = 1, _("Read")
    EDIT = 2, _("Read and edit")
    FULL = 3, _("Read, edit, transfer and delete")


class RoleScope(models.Model):
    """How far a role reaches for one action on the records of one object, where that is not its general scope."""

    class DataScope(models.TextChoices):
        NONE = "none", _("No records")
        OWN = "own", _("Own records")
        SUBORDINATES = "subordinates", _("Own records and those of subordinates")
        ROLES_BELOW = "roles_below", _("Own records and those of roles below")
        DEPARTMENT = "department", _("Records of the department")
        DEPARTMENT_BELOW = "department_below", _("Records of the department and below")
        CHOSEN = "chosen", _("Records of chosen departments and below")
        ALL = "all", _("All records")

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="scopes")
    business_object = models.ForeignKey(BusinessObject, on_delete=models.CASCADE, related_name="role_scopes")
    action = models.CharField(max_length=20)  # one of objects.access.reach.SCOPED_ACTIONS
    data_scope = models.CharField(max_length=20, choices=DataScope.choices)
    departments = ArrayField(models.UUIDField(), default=list, blank=True)  # of the scope `chosen`

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["role", "business_object", "action"], name="role_scope_once")]


class SharingRule(models.Model):
    """共享规则: records of some owners, or that meet a condition, are shared with somebody. Only ever adds access."""

    class Kind(models.TextChoices):
        OWNER = "owner", _("Records owned by …")
        CRITERIA = "criteria", _("Records that meet a condition")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    business_object = models.ForeignKey(BusinessObject, on_delete=models.CASCADE, related_name="sharing_rules")
    label = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    owned_by = models.CharField(max_length=PRINCIPAL, blank=True)  # a principal, of kind `owner`
    condition = models.JSONField(null=True, blank=True)  # a condition tree over own fields, of kind `criteria`
    shared_with = models.CharField(max_length=PRINCIPAL)
    level = models.SmallIntegerField(choices=Level.choices, default=Level.READ)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)  # the last day
    is_active = models.BooleanField(default=True)
    position = models.IntegerField(default=0)

    class Meta:
        default_permissions = ()
        ordering = ["position", "id"]


class Territory(MP_Node):
    """销售区域: a node of a sales hierarchy of its own, beside departments and roles. Sharing rules put records in it.

    `path` orders the tree and is the prefix of all paths below it; the database knows from it which territory stands
    above, keeps that one in place, and lets no two of a name stand beside each other.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100)
    is_active = models.BooleanField(default=True)
    parent_path = models.GeneratedField(
        expression=NullIf(Left("path", Length("path") - 4), models.Value("")),  # 4: MP_Node.steplen
        output_field=models.CharField(max_length=255, null=True),
        db_persist=True,
    )

    node_order_by: list[str] = []

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["parent_path", "name"], name="territory_sibling_name", nulls_distinct=False
            ),
            models.CheckConstraint(condition=models.Q(depth=Length("path") / 4), name="territory_depth"),
        ]

    def __str__(self) -> str:
        return self.name


class TerritoryMember(models.Model):
    """Somebody who works a territory: what is shared with it, or with one below it, is shared with him."""

    territory = models.ForeignKey(Territory, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="territories")

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "territory"], name="territory_member_once")]


class RestrictionRule(models.Model):
    """限制规则: of an object's records somebody reaches those only that meet a condition, whatever else allows more."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    business_object = models.ForeignKey(BusinessObject, on_delete=models.CASCADE, related_name="restriction_rules")
    label = models.CharField(max_length=100)
    applies_to = models.CharField(max_length=PRINCIPAL)  # a principal
    condition = models.JSONField()
    is_active = models.BooleanField(default=True)
    position = models.IntegerField(default=0)

    class Meta:
        default_permissions = ()
        ordering = ["position", "id"]


class RecordShare(models.Model):
    """One record shared with somebody: by hand, or because he is on its team 相关团队."""

    class Source(models.TextChoices):
        MANUAL = "manual", _("Shared by hand")
        TEAM = "team", _("Team")

    object_id = models.BigIntegerField()  # BusinessObject.id; records live in tables made from metadata
    record_id = models.UUIDField()
    principal = models.CharField(max_length=PRINCIPAL)
    level = models.SmallIntegerField(choices=Level.choices, default=Level.READ)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.MANUAL)
    team_role = models.CharField(max_length=60, blank=True)
    note = models.CharField(max_length=300, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    ends_with_owner = models.BooleanField(default=False)  # goes when the record gets another owner
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    granted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["record_id", "principal", "source"], name="record_share_once"),
        ]
        indexes = [
            models.Index(fields=["principal", "object_id", "record_id"], name="record_share_of"),
            models.Index(fields=["expires_at"], name="record_share_end", condition=models.Q(expires_at__isnull=False)),
        ]


class Delegation(models.Model):
    """代理: for some time somebody reaches what another person owns or has been shared."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="delegations")
    delegate = models.ForeignKey(User, on_delete=models.CASCADE, related_name="delegated")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    note = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="delegation_in_order"),
            models.CheckConstraint(condition=~models.Q(user=models.F("delegate")), name="delegation_to_another"),
        ]
