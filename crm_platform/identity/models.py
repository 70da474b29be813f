"""Who works here: users, the department tree, roles (which records) and profiles (which functions)."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, Group, PermissionsMixin
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from treebeard.mp_tree import MP_Node

from crm_platform.kit.ids import uuid7


class Department(MP_Node):
    """A node of the organisation chart; `path` orders the tree and is the prefix of all paths below it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100)
    code = models.CharField(max_length=40, blank=True)
    is_active = models.BooleanField(default=True)

    node_order_by: list[str] = []

    def __str__(self) -> str:
        return self.name


class Role(models.Model):
    """角色: how far a user's view over records, and over colleagues, reaches.

    `data_scope` holds for every object and action for which `objects.access` has no scope of its own.
    """

    class DataScope(models.TextChoices):
        OWN = "own", _("Own records")
        SUBORDINATES = "subordinates", _("Own records and those of subordinates")
        ROLES_BELOW = "roles_below", _("Own records and those of roles below")
        DEPARTMENT = "department", _("Records of the department")
        DEPARTMENT_BELOW = "department_below", _("Records of the department and below")
        ALL = "all", _("All records")

    class ContactScope(models.TextChoices):
        """通讯录范围: which colleagues somebody finds in pickers, mentions and the directory."""

        DEPARTMENT = "department", _("People of the department")
        DEPARTMENT_BELOW = "department_below", _("People of the department and below")
        CHOSEN = "chosen", _("People of chosen departments and below")
        ALL = "all", _("Everybody")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    api_name = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    data_scope = models.CharField(max_length=20, choices=DataScope.choices, default=DataScope.OWN)
    contact_scope = models.CharField(max_length=20, choices=ContactScope.choices, default=ContactScope.ALL)
    contact_departments = models.ManyToManyField(Department, blank=True, related_name="+")
    hides_contact_details = models.BooleanField(default=False)  # phone and e-mail of colleagues

    def __str__(self) -> str:
        return self.name


class Profile(models.Model):
    """职能: what a user may do. Owns one auth.Group, which carries all of its grants."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    api_name = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    group = models.OneToOneField(Group, on_delete=models.PROTECT, related_name="profile")
    allowed_networks = models.JSONField(
        default=list
    )  # of CIDR texts, whence its users and their keys may call; []: any
    requires_second_factor = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        permissions = [
            ("manage_users", "Manage users, departments, roles and profiles"),
            ("manage_organization", "Change the organisation's settings"),
            ("manage_api_keys", "Manage all users' API keys"),
            ("view_system", "See jobs, workers and versions"),
            ("view_all_data", "Read all records of every object"),
            ("modify_all_data", "Change all records of every object"),
        ]

    def __str__(self) -> str:
        return self.name


class PermissionSet(models.Model):
    """权限集: grants that are added to what profiles allow. Owns one auth.Group, whose users have it."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    api_name = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=500, blank=True)
    group = models.OneToOneField(Group, on_delete=models.PROTECT, related_name="permission_set")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class UserGroup(models.Model):
    """公共组: people with whom records are shared together. Owns one auth.Group, whose users are its members."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    api_name = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=500, blank=True)
    group = models.OneToOneField(Group, on_delete=models.PROTECT, related_name="user_group")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: object) -> User:
        """Create a user; without a password the account can't sign in until one is set."""
        user = self.model(username=self.normalize(username), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    @staticmethod
    def normalize(username: str) -> str:
        return User.normalize_username(username.strip().lower())

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username=self.normalize(username or ""))


class User(AbstractBaseUser, PermissionsMixin):
    """A person or a service with an account. Deactivated, never deleted: records keep naming them."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    username = models.CharField(_("user name"), max_length=150, unique=True)
    name = models.CharField(_("name"), max_length=100)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    title = models.CharField(_("job title"), max_length=100, blank=True)
    department = models.ForeignKey(Department, on_delete=models.PROTECT, null=True, related_name="members")
    manager = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="reports")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, null=True, related_name="users")
    profile = models.ForeignKey(Profile, on_delete=models.PROTECT, null=True, related_name="users")
    language = models.CharField(max_length=10, blank=True)
    time_zone = models.CharField(max_length=50, blank=True)
    is_active = models.BooleanField(default=True)
    session_epoch = models.PositiveIntegerField(default=0, editable=False)  # one more ends every session
    must_change_password = models.BooleanField(default=False, editable=False)
    password_changed_at = models.DateTimeField(null=True, editable=False)
    second_factor_since = models.DateTimeField(null=True, editable=False)  # None: the password is enough
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    def __str__(self) -> str:
        return self.name

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Return what a session must carry to stay valid: moves with the password and with `session_epoch`.

        Overrides Django's hook (the one that its `get_session_auth_hash` and key rotation call), so that
        ending all sessions of a user needs no search through encoded session rows.
        """
        return salted_hmac(
            "identity.User.session", f"{self.password}:{self.session_epoch}", secret=secret, algorithm="sha256"
        ).hexdigest()


class UserDepartment(models.Model):
    """A department to which somebody belongs besides his own: its records are within his reach like his own's."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="other_departments")
    department = models.ForeignKey(Department, on_delete=models.CASCADE, related_name="other_members")
    title = models.CharField(max_length=100, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "department"], name="user_department_once")]


class Invitation(models.Model):
    """A link by which a new user sets the first password: once, and not for ever. Only the token's digest is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="invitations")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()


class OrganizationSettings(models.Model):
    """The organisation's own settings: exactly one row."""

    class WeekDay(models.IntegerChoices):
        MONDAY = 1, _("Monday")
        SATURDAY = 6, _("Saturday")
        SUNDAY = 7, _("Sunday")

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(max_length=100)
    logo = models.ForeignKey("files.StoredFile", models.SET_NULL, null=True, blank=True, related_name="+")
    base_currency = models.CharField(max_length=3, default="CNY")
    time_zone = models.CharField(max_length=50, default="Asia/Shanghai")
    language = models.CharField(max_length=10, default="zh-hans")
    fiscal_year_start_month = models.PositiveSmallIntegerField(default=1)
    week_start = models.PositiveSmallIntegerField(choices=WeekDay.choices, default=WeekDay.MONDAY)
    work_days = models.JSONField(default=list)  # ISO week days, 1 = Monday
    work_hours = models.JSONField(default=list)  # [["09:00", "12:00"], ["13:00", "18:00"]]
    holidays = models.JSONField(default=dict)  # {"2026-10-01": "off", "2026-10-10": "work"}
    password_min_length = models.PositiveSmallIntegerField(default=10)
    password_kinds = models.JSONField(default=list)  # of services.passwords.KINDS: all of them must occur
    password_history = models.PositiveSmallIntegerField(default=0)  # so many former ones can't be chosen again
    password_max_days = models.PositiveSmallIntegerField(default=0)  # 0: for ever
    password_change_first = models.BooleanField(default=True)  # at the first sign-in after somebody else set it
    requires_second_factor = models.BooleanField(default=False)
    session_idle_minutes = models.PositiveIntegerField(default=0)  # 0: as long as the session lasts
    session_max_hours = models.PositiveSmallIntegerField(default=336)
    sign_in_keep_days = models.PositiveSmallIntegerField(default=365)
    audit_keep_days = models.PositiveSmallIntegerField(default=1095)
    intake_keep_days = models.PositiveSmallIntegerField(default=180, db_default=180)  # what came in from outside

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="organization_settings_one_row")]


class AccessVersion(models.Model):
    """A counter that moves with every change of grants, roles or profiles, so that caches key on it."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    number = models.BigIntegerField(default=1)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="access_version_one_row")]


from crm_platform.identity import sign_in_models  # noqa: E402, F401 (Django looks for models here)
