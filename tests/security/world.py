"""A small organisation with one of everything, and callers of every rank who ask for it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils import timezone

from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import Profile, User
from crm_platform.identity.services import (
    RoleInput,
    bump_access_version,
    create_group,
    create_permission_set,
    create_profile,
    create_role,
    set_logo,
)
from crm_platform.jobs.services import enqueue
from crm_platform.kit.context import Actor, system_actor
from crm_platform.notifications.models import Notification
from crm_platform.tenancy.context import tenant_context
from layouts.services import ListViewInput, create_list_view
from metadata import services
from metadata.compiler.current import current_snapshot
from metadata.currencies import add_currency, set_rate
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from metadata.models import BusinessObject
from metadata.rule_inputs import DuplicateRuleInput, MatchingRuleInput, RecordTypeInput, ValidationRuleInput
from objects.access.grants import ACTIONS, grant_object
from objects.access.services.delegations import DelegationInput, delegate
from objects.access.services.restriction_rules import RestrictionRuleInput, create_restriction_rule
from objects.access.services.shares import ShareInput, add_share
from objects.access.services.sharing_rules import SharingRuleInput, create_sharing_rule
from objects.access.services.teams import add_member
from objects.access.services.territories import create_territory
from objects.activities.feeds import make_feed
from objects.exchange.mappings import save_mapping
from objects.exchange.services import new_import
from objects.handover.models import Handover
from objects.records.service import RecordService
from openapi.keys import create_key
from openapi.scopes import SCOPES
from tests.kit import make
from tests.kit.clients import OrganizationAPIClient, OrganizationClient
from tests.kit.uploads import picture, upload
from workflows.assignment.settings import RuleInput, save_rule
from workflows.intake import settling
from workflows.intake.hooks import HOOKS
from workflows.intake.mail.mailboxes import create_mailbox
from workflows.intake.mail.posting import create_address
from workflows.intake.services import create_form
from workflows.pools.models import RecycleRun
from workflows.pools.services.inputs import MemberInput, PoolInput
from workflows.pools.services.settings import create_pool, set_members

OBJECT, CLOSED, GONE, POOLED = "order__c", "closed__c", "gone__c", "prospect__c"
FIELDS = (
    FieldInput("note__c", "text", "备注", is_searchable=True),
    FieldInput("code__c", "text", "编号", is_unique=True),
    FieldInput("amount__c", "currency", "金额"),
    FieldInput("stage__c", "stage", "阶段", choices=[ChoiceInput("open", "进行"), ChoiceInput("won", "赢单")]),
    FieldInput("kind__c", "picklist", "类别", choices=[ChoiceInput("new", "新"), ChoiceInput("old", "旧")]),
    FieldInput("scan__c", "file", "扫描件"),
    FieldInput("old__c", "text", "旧"),
    FieldInput("card__c", "masked_text", "卡号", settings={"kind": "bank_card"}),
)
# Who asks a page, from the least to the most: no grant on the object; grants, but not on this record; its owner.
PEOPLE = ("nobody", "bare", "colleague", "rep", "manager", "admin")
# Who asks the API: the same with keys, then the administrator's key without the scope, and a foreign key.
HOLDERS = (*PEOPLE, "scopeless", "foreign")


@dataclass
class Place:
    """The organisation: its host, the ids for addresses, the cookies and keys of its people."""

    schema_name: str
    host: str
    ids: dict[str, str]
    cookies: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    def browser(self, name: str, **options: Any) -> OrganizationClient:
        client = OrganizationClient(self.host, raise_request_exception=False, **options)
        if name in self.cookies:
            client.cookies["sessionid"] = self.cookies[name]
        return client

    def api(self, name: str, lacking: str | None = None) -> OrganizationAPIClient:
        """Return a client with the caller's key; `lacking` is the scope that a scopeless key does without."""
        client = OrganizationAPIClient(self.host, raise_request_exception=False)
        key = self.keys.get(f"without {lacking}" if name == "scopeless" else name)
        if key:
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
        return client


@contextmanager
def place() -> Iterator[Place]:
    """Make the organisation and a second one, whose key is the foreign one; both are dropped afterwards."""
    with make.organization(enter=False) as home, make.organization(enter=False) as abroad:
        with tenant_context(abroad.schema_name):
            foreign = _key(User.objects.get(username="admin"), list(SCOPES))
        with tenant_context(home.schema_name):
            made = _furnish(home)
        made.keys["foreign"] = foreign
        yield made


def _furnish(home: Any) -> Place:
    admin = User.objects.get(username="admin")
    _model(build_actor(admin, via="console"))
    set_logo(build_actor(admin, via="console"), picture())
    people = _people(admin)
    made = Place(home.schema_name, f"{home.slug}.localhost", _things(people))
    for name, user in people.items():
        client = OrganizationClient(made.host)
        client.force_login(user)
        made.cookies[name] = client.cookies["sessionid"].value
        made.keys[name] = _key(user, list(SCOPES))
    for scope in SCOPES:
        made.keys[f"without {scope}"] = _key(admin, [other for other in SCOPES if other != scope])
    made.keys["without None"] = _key(admin, ["records:delete"])
    return made


def _model(admin: Any) -> None:
    services.create_choice_set(admin, "grades", "等级", [ChoiceInput("a", "A")])
    for name in (OBJECT, CLOSED, GONE):
        services.create_object(admin, ObjectInput(name, name, fields=FIELDS if name == OBJECT else ()))
    add_currency(admin, "USD")
    set_rate(admin, "USD", date(2026, 1, 1), Decimal("7.1"))
    services.delete_field(admin, OBJECT, "old__c")
    services.create_validation_rule(admin, OBJECT, ValidationRuleInput("kept__c", "R", "name = 'bad'", "M"))
    services.create_record_type(admin, OBJECT, RecordTypeInput("kept", "Kept"))
    matcher = {"method": "exact", "fields": ["code__c"]}
    services.create_matching_rule(admin, OBJECT, MatchingRuleInput("kept__c", "M", OBJECT, [matcher]))
    services.create_duplicate_rule(admin, OBJECT, DuplicateRuleInput("kept__c", "D", ["kept__c"], {"edit": "report"}))
    services.delete_object(admin, GONE)
    services.create_object(admin, ObjectInput(POOLED, "Prospect", has_pools=True))
    for row in BusinessObject.objects.filter(api_name__in=(OBJECT, POOLED)):
        for name in ("sales_rep", "sales_manager"):
            grant_object(system_actor(), Profile.objects.get(api_name=name), row, ACTIONS)


def _people(admin: User) -> dict[str, User]:
    north, south = make.department("North"), make.department("South")
    people = {
        "bare": make.user(department=north),
        "colleague": make.user(department=south),
        "rep": make.user(department=north),
        "manager": make.user(profile="sales_manager", role="department_head", department=north),
        "admin": admin,
    }
    User.objects.filter(pk=people["bare"].pk).update(profile=None)
    bump_access_version()
    return people


def _things(people: dict[str, User]) -> dict[str, str]:
    rep = build_actor(people["rep"], via="console")
    records = RecordService(rep)
    scan = upload(rep, "scan.txt")
    kept = records.create(
        OBJECT, {"name": "Kept", "code__c": "K-1", "card__c": "4111111111111111", "scan__c": [scan.id]}
    )
    deleted = records.create(OBJECT, {"name": "Deleted"})
    view = create_list_view(rep, OBJECT, ListViewInput("Mine", ["name"]))
    key, _secret = create_key(rep, "to revoke", ["records:read"])
    someone = make.user(name="Someone")
    return {
        **_sharing(rep, kept.id, someone),
        **_pool(people["rep"].department_id),
        "object_name": OBJECT,
        "field_name": "note__c",
        "record_id": str(kept.id),
        "deleted_id": str(deleted.id),
        "deletion_id": str(records.delete(OBJECT, deleted.id)),
        "file_id": str(scan.id),
        "view_id": str(view.uuid),
        "key_id": str(key.pk),
        "calendar_token": make_feed(rep),
        "code": "USD",
        "day": "2026-01-01",
        "user_id": str(someone.pk),
        "handover_id": str(Handover.objects.create(kind="leaver", leaver=make.user(), plan={}).pk),
        "department_id": str(make.department("Elsewhere").pk),
        "job_id": str(enqueue("metadata.build_index", {}).pk),
        **_web_form(),
        **_hook_and_mailbox(),
        **_import(rep),
        "notification_id": str(Notification.objects.create(user=people["rep"], kind="records.assigned", title="x").pk),
        "role_id": str(create_role(system_actor(), RoleInput(name="Kept")).uuid),
        "profile_id": str(create_profile(system_actor(), "Kept").uuid),
        "permission_set_id": str(create_permission_set(system_actor(), "Kept").uuid),
        "group_id": str(create_group(system_actor(), "Kept").uuid),
        "territory_id": str(create_territory(system_actor(), "Kept").pk),
        "root_id": str(make.root_department().pk),
    }


def _import(rep: Actor) -> dict[str, str]:
    """Return an import that waits for its maker, and a mapping of his own."""
    row = new_import(rep, OBJECT, io.BytesIO(b"name\nImported\n"), "rows.csv")
    obj = current_snapshot().object(OBJECT)
    mapping = save_mapping(rep, obj, "Mine", {"n": {"field": "name", "match": ""}}, {}, is_shared=False)
    return {"import_id": str(row.pk), "mapping_id": str(mapping.pk)}


def _web_form() -> dict[str, str]:
    """Return a form with a message that was held back."""
    fields = [{"field": "name"}]
    form = create_form(system_actor(), OBJECT, {"label": "F", "fields": fields})
    held = form.submissions.create(once="1", state="held", values={"name": "Held"})
    return {"form_id": str(form.pk), "token": form.token, "submission_id": str(held.pk)}


def _hook_and_mailbox() -> dict[str, str]:
    """Return a hook and a mailbox, each with something that was held back."""
    mapping = [{"field": "name", "constant": "Held"}]
    hook = settling.create(system_actor(), HOOKS, OBJECT, {"label": "H", "mapping": mapping})
    delivery = hook.arrivals.create(once="1", state="held", values={"name": "Held"}, body="{}")
    given = {"label": "M", "host": "nosuch.invalid", "username": "u", "password": "p", "mapping": mapping}
    mailbox = create_mailbox(system_actor(), OBJECT, given)
    mail = mailbox.arrivals.create(once="1", state="held", values={"name": "Held"}, uid_validity=1, uid=1, body="{}")
    address, token = create_address(system_actor(), OBJECT, {"label": "P", "mapping": mapping})
    posted = {"address_id": address.pk, "address_token": token}
    names = {**posted, "hook_id": hook.pk, "hook_token": hook.token, "delivery_id": delivery.pk}
    made = {**names, "mailbox_id": mailbox.pk, "mail_id": mail.pk}
    return {name: str(value) for name, value in made.items()}


def _sharing(rep: Actor, record: UUID, someone: User) -> dict[str, str]:
    """Return rules that open nothing to those who ask, a share, a member of a team and who stands in for the rep."""
    nobody, now = f"user:{someone.pk}", timezone.now()
    condition = {"field": "name", "op": "eq", "value": "Nothing"}
    given = SharingRuleInput(object=OBJECT, label="S", kind="criteria", shared_with=nobody, condition=condition)
    wall = RestrictionRuleInput(object=OBJECT, label="W", applies_to=nobody, condition=condition)
    member = make.user(name="Member")
    add_member(rep, OBJECT, record, member.pk)
    times = {"starts_at": now, "ends_at": now + timedelta(days=1)}
    return {
        "nobody": nobody,
        "sharing_rule_id": str(create_sharing_rule(system_actor(), given).uuid),
        "restriction_rule_id": str(create_restriction_rule(system_actor(), wall).uuid),
        "share_id": str(add_share(rep, OBJECT, record, ShareInput(principal=nobody)).pk),
        "member_id": str(member.pk),
        "delegation_id": str(delegate(rep, DelegationInput(delegate_id=member.pk, **times)).pk),
    }


def _pool(department_id: UUID | None) -> dict[str, str]:
    """Return a pool of the rep's department, with a record that waits in it and a turn of taking back."""
    now, pool = timezone.now(), create_pool(system_actor(), PoolInput(object=POOLED, label="Kept", recycles=True))
    set_members(system_actor(), pool.pk, [MemberInput(principal=f"department:{department_id}")])
    run = RecycleRun.objects.create(pool=pool, scheduled_for=now, cutoff=now, finished_at=now)
    waiting = RecordService(system_actor()).create(POOLED, {"name": "Waiting"})
    rule = save_rule(system_actor(), pool.pk, RuleInput(label="Kept", is_active=False))
    ids = {"pool_id": pool.pk, "waiting_id": waiting.id, "run_id": run.pk, "assignment_rule_id": rule.pk}
    return {name: str(value) for name, value in ids.items()}


def _key(user: User, scopes: list[str]) -> str:
    return create_key(build_actor(user, via="console"), "key", scopes)[1]
