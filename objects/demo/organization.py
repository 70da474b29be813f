"""The people of the demo: departments in two levels, twelve users, who reports to whom."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.hashers import make_password

from crm_platform.identity.models import Department, OrganizationSettings, PermissionSet, Profile, Role, User
from crm_platform.identity.services import (
    bump_access_version,
    create_permission_set,
    set_permission_set_members,
)
from crm_platform.kit.context import system_actor
from metadata.compiler.current import current_snapshot
from objects.access.services.grants import set_grants
from objects.demo.world import DemoUser

NAME = "华信智能科技"
DEPARTMENTS = {"华东大区": ("上海一组", "杭州组"), "华南大区": ("深圳组", "广州组"), "市场部": ()}


@dataclass(frozen=True)
class Member:
    """One line of the staff list: what a user is called, where he stands, and how well he sells."""

    username: str
    name: str
    title: str
    department: str
    role: str
    profile: str
    manager: str = ""
    region: str = ""
    skill: float = 1.0
    language: str = ""


ALL, HEAD, OWN = "everything", "department_head", "individual"
REP = "sales_rep"
STAFF = (
    Member("admin", "李明", "系统管理员", "", ALL, "administrator"),
    Member("zhoumin", "周敏", "销售总监", "", ALL, "sales_manager", "admin"),
    Member("chenhao", "陈浩", "华东大区总经理", "华东大区", HEAD, "sales_manager", "zhoumin"),
    Member("linjianguo", "林建国", "华南大区总经理", "华南大区", HEAD, "sales_manager", "zhoumin"),
    Member("chenjing", "陈静", "高级客户经理", "上海一组", OWN, REP, "chenhao", "east", 1.25),
    Member("wanglei", "王磊", "客户经理", "上海一组", OWN, REP, "chenhao", "east", 1.5),
    Member("zhaoyuhang", "赵宇航", "客户经理", "杭州组", OWN, REP, "chenhao", "east", 0.9),
    Member("xulili", "徐丽丽", "客户经理", "杭州组", OWN, REP, "chenhao", "east", 1.05, language="en"),
    Member("huangweijie", "黄伟杰", "客户经理（新人）", "深圳组", OWN, REP, "linjianguo", "south", 0.6),
    Member("liangxiaoyan", "梁晓燕", "高级客户经理", "深圳组", OWN, REP, "linjianguo", "south", 1.3),
    Member("hezhiqiang", "何志强", "客户经理", "广州组", OWN, REP, "linjianguo", "south", 0.95),
    Member("songyating", "宋雅婷", "市场经理", "市场部", HEAD, REP, "zhoumin"),
)

# What marketing does beyond what every salesperson may: a permission set, its actions by object, and who has it.
MARKETING, MARKETING_NAME = "marketing", "市场运营"
MARKETING_GRANTS = {
    "campaign": ("read", "create", "edit", "delete", "import", "export"),
    "lead": ("read", "create", "edit", "import", "export", "mass_update", "merge"),
}
MARKETERS = ("songyating",)


def add_people() -> dict[str, DemoUser]:
    """Make departments and users, those that exist already included; returns the users by user name."""
    OrganizationSettings.objects.update(name=NAME)
    departments = _add_departments()
    roles = {role.api_name: role for role in Role.objects.all()}
    profiles = {profile.api_name: profile for profile in Profile.objects.all()}
    password = make_password(settings.DEMO_PASSWORD)  # hashed once: it is the same for all, and hashing is slow
    users: dict[str, User] = {}
    for member in STAFF:
        user = User.objects.filter(username=member.username).first() or User(username=member.username)
        user.name, user.title, user.language = member.name, member.title, member.language
        user.email = f"{member.username}@huaxin.example.com"
        user.department = departments[member.department]
        user.role, user.profile = roles[member.role], profiles[member.profile]
        user.manager = users.get(member.manager)
        user.password = password
        user.save()
        users[member.username] = user
    _add_marketing([users[username] for username in MARKETERS])
    return {
        member.username: DemoUser(
            users[member.username].id,
            member.username,
            member.name,
            departments[member.department].id,
            member.region,
            member.skill,
        )
        for member in STAFF
    }


def _add_marketing(members: list[User]) -> None:
    """Give marketing its permission set, unless it is there already."""
    if PermissionSet.objects.filter(api_name=MARKETING).exists():
        return
    actor = system_actor("demo", via="command")
    made = create_permission_set(actor, MARKETING_NAME, api_name=MARKETING, description="管理市场活动，批量处理线索")
    known = current_snapshot().spec.object_map
    set_grants(actor, made, {name: actions for name, actions in MARKETING_GRANTS.items() if name in known})
    set_permission_set_members(actor, made.uuid, [user.pk for user in members])


def _add_departments() -> dict[str, Department]:
    """Return the departments by name; "" is the root, which carries the company's name."""
    root = Department.objects.get(depth=1)
    Department.objects.filter(pk=root.pk).update(name=NAME)
    found = {"": root}
    for name, teams in DEPARTMENTS.items():
        found[name] = _child(found[""], name)
        for team in teams:
            found[team] = _child(found[name], team)
    bump_access_version()
    return found


def _child(parent: Department, name: str) -> Department:
    """Return the department of this name below another one, made when it is missing."""
    parent.refresh_from_db()
    present = Department.objects.get_children(parent).filter(name=name).first()
    child: Department = present or Department.objects.add_child(parent, {"name": name})
    return child
