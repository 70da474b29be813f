"""The battery of pages: every named address, in Chinese and English, for an administrator."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from crm_platform.identity.models import Department, Profile, Role, User
from crm_platform.identity.services import create_group, create_permission_set
from crm_platform.kit.context import Actor
from layouts.services import ListViewInput, create_list_view
from metadata import services
from metadata.compiler.current import current_snapshot, pinned_snapshot
from metadata.rule_inputs import DuplicateRuleInput, MatchingRuleInput, RecordTypeInput, ValidationRuleInput
from objects.access.services.delegations import DelegationInput, delegate
from objects.access.services.restriction_rules import RestrictionRuleInput, create_restriction_rule
from objects.access.services.shares import ShareInput, add_share
from objects.access.services.sharing_rules import SharingRuleInput, create_sharing_rule
from objects.access.services.teams import add_member
from objects.access.services.territories import add_members, create_territory
from objects.duplicates.models import DuplicateSet
from objects.exchange.exports import Order, new_export
from objects.exchange.models import Import
from objects.exchange.services import new_import, start
from objects.handover.models import Handover
from objects.merging.service import merge
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.kit.page_battery import (
    NO_PAGES,
    POST_ONLY,
    arguments_of,
    english_texts,
    headings,
    inline_code,
    missing_icons,
    named_patterns,
    page_names,
    texts,
)
from tests.kit.query_counts import expected_query_count
from tests.layouts.hosts import host_of
from tests.objects import world as worlds
from tests.objects.world import World
from workflows.assignment.models import AssignmentRule
from workflows.assignment.settings import MemberInput as AssignmentMember
from workflows.assignment.settings import RuleInput as AssignmentRuleInput
from workflows.assignment.settings import save_rule
from workflows.intake import settling
from workflows.intake.hooks import HOOKS
from workflows.intake.mail.mailboxes import create_mailbox
from workflows.intake.models import Mailbox
from workflows.intake.services import create_form
from workflows.pools.models import PoolExtension, RecycleRun
from workflows.pools.services.claiming import release
from workflows.pools.services.inputs import HoldCapInput, MemberInput, PoolInput, RecycleRuleInput
from workflows.pools.services.settings import create_pool, set_hold_caps, set_members, set_recycle_rules
from workflows.sla.settings import save_policy

HTMX = {"HX-Request": "true"}
NAMES = frozenset({"City"})  # what the tests' own records are called, and a label is called, too
every_page = pytest.mark.parametrize("name", page_names())


@cache
def english() -> frozenset[str]:
    return english_texts()


@pytest.fixture(scope="module")
def known(the_crm: World) -> Iterator[dict[str, str]]:
    """A value for every argument that an address of a page takes: made once, rolled back after all pages."""
    with transaction.atomic():
        with worlds.inside(the_crm.schema_name), pinned_snapshot():
            values = furnish(the_crm)
        yield values
        transaction.set_rollback(True)


@pytest.fixture
def crm(known: dict[str, str], the_crm: World) -> Iterator[World]:
    """The furnished organisation, entered; what the test writes is rolled back."""
    with worlds.inside(the_crm.schema_name), transaction.atomic():
        with pinned_snapshot():
            yield the_crm
        transaction.set_rollback(True)


def furnish(crm: World) -> dict[str, str]:
    """Make one thing of every kind that has a page; return the values of the addresses' arguments."""
    admin = User.objects.get(username="admin")
    crm.users["admin"] = admin
    actor = crm.actor("admin")
    service = RecordService(actor)
    account = service.create("account", {"name": "云途信息"}).id
    given = {"name": "企业版", "account_id": account, "close_date": "2030-01-01", "amount": "1"}
    deal = service.create("opportunity", given).id
    for number in range(3):
        about = {"object": "opportunity", "id": str(deal)}
        service.create("follow_up", {"name": f"跟进{number}", "related_id": about, "content": "谈了谈"})
    given_rule = ValidationRuleInput("kept__c", "金额为正", "amount < 0", "金额不能为负")
    services.create_validation_rule(actor, "opportunity", given_rule)
    services.create_record_type(actor, "opportunity", RecordTypeInput("kept", "渠道商机"))
    matcher = {"method": "exact", "fields": ["name"]}
    services.create_matching_rule(
        actor, "opportunity", MatchingRuleInput("kept__c", "名称相同", "opportunity", [matcher])
    )
    kept = DuplicateRuleInput("kept__c", "重复商机", ["kept__c"], {"api": "report"})
    services.create_duplicate_rule(actor, "opportunity", kept)
    doubles = [service.create("opportunity", {**given, "name": "重复"}).id for _ in range(2)]
    losers = [service.create("account", {"name": name}).id for name in ("南山数据", "北海能源")]
    view = create_list_view(actor, "opportunity", ListViewInput("我的视图", ["name", "amount"]))
    return {
        **sharing(actor, deal, crm),
        **pooled(actor, crm),
        **_web_form(actor),
        "object_name": "opportunity",
        "record_id": str(deal),
        "lead_object": "lead",
        "lead_id": str(service.create("lead", {"name": "王小明", "company": "远航物流"}).id),
        "field_name": "amount",
        "type_key": "text",
        "rule_name": "kept__c",
        "type_name": "kept",
        "set_name": "industry",
        "code": "CNY",
        "day": "2026-01-01",
        "view_id": str(view.uuid),
        "set_id": str(DuplicateSet.objects.get(members__record_id=doubles[0]).pk),
        "merge_id": str(merge(actor, "account", losers[0], losers[1:]).merge_id),
        "user_id": str(crm.users["rep"].pk),
        "import_id": str(_import(actor).pk),
        "handover_id": str(_handover(actor, crm.users["rep"]).pk),
        "role_id": str(Role.objects.get(api_name="department_head").uuid),
        "profile_id": str(Profile.objects.get(api_name="sales_rep").uuid),
        "permission_set_id": str(create_permission_set(actor, "市场运营").uuid),
        "group_id": str(create_group(actor, "投标组").uuid),
        "territory_id": _territory(actor, crm.users["rep"]),
        "department_id": str(Department.objects.get(name="City").pk),
    }


def _territory(actor: Actor, member: User) -> str:
    """Make a territory with one above it, a member and a rule that shares something with it."""
    made = create_territory(actor, "江苏", create_territory(actor, "华东").pk)
    add_members(actor, made.pk, [member.pk])
    fits = {"field": "name", "op": "contains", "value": "江苏"}
    given = SharingRuleInput(
        object="account", label="江苏客户", kind="criteria", shared_with=f"territory:{made.pk}", condition=fits
    )
    create_sharing_rule(actor, given)
    return str(made.pk)


def pooled(actor: Actor, crm: World) -> dict[str, str]:
    """Make a pool with a rule, a lead that waits in it and one that somebody holds."""
    pool = create_pool(actor, PoolInput(object="lead", label="公海", reasons=["联系不上"], recycles=True, hold_cap=9))
    everybody = MemberInput(principal="everyone")
    set_members(actor, pool.pk, [everybody])
    set_hold_caps(actor, "lead", [HoldCapInput(principal="everyone", cap=90)])
    rules = set_recycle_rules(actor, pool.pk, [RecycleRuleInput(label="没有跟进", kind="no_follow_up", days=30)])
    actor = crm.actor("admin")  # who knows of the pool
    leads = [RecordService(actor).create("lead", {"name": name, "company": "云海"}).id for name in ("王晨", "赵蕾")]
    release(actor, "lead", leads[:1], pool_id=pool.pk, reason="联系不上")
    about = {"object_id": pool.business_object_id, "record_id": leads[1], "owner_id": actor.user_id}
    now = timezone.now()
    run = RecycleRun.objects.create(pool=pool, scheduled_for=now, cutoff=now, finished_at=now, counts={"recycled": 2})
    PoolExtension.objects.create(pool=pool, days=2, reason="约了下周", **about)
    given = {
        "pooled_object": "lead",
        "pooled_id": leads[1],
        "waiting_id": leads[0],
        "pool_id": pool.pk,
        "run_id": run.pk,
        "assignment_rule_id": _assignment_rule(actor, crm, pool.pk).pk,
    }
    return {**{name: str(value) for name, value in given.items()}, "recycle_rule_id": str(rules[0].pk)}


def _assignment_rule(actor: Actor, crm: World, pool_id: uuid.UUID) -> AssignmentRule:
    """Make a rule that gives leads to the representative, and demand that he follows them up."""
    save_policy(actor, pool_id, {"first_response": 30, "is_active": True})
    rep = AssignmentMember(crm.users["rep"].pk, tags={"rating": ["hot"]})
    return save_rule(actor, pool_id, AssignmentRuleInput("轮流", entries=["release"], members=[rep]))


def _import(actor: Actor) -> Import:
    """Return an import that is still being prepared, with what trying its rows has told; and order an export."""
    exported = new_export(actor, "account", "客户", Order(None, ("name",), ("name",), "csv"))
    start(actor, exported.pk)
    row = new_import(actor, "lead", io.BytesIO("名称,电话\n甲,不是电话\n".encode()), "线索.csv")
    problem = {"field": "phone", "code": "invalid_type", "message": "错误"}
    row.check_result = {
        "counts": {"created": 1, "updated": 0, "skipped": 0, "failed": 1},
        "problems": {"invalid_type phone": 1},
        "rows": [{"row": 2, "outcome": "failed", "errors": [problem]}],
    }
    row.save()
    return row


def _handover(actor: Actor, leaver: User) -> Handover:
    """Return a handover that runs, with a record that it could not move."""
    row = Handover.objects.create(kind="leaver", leaver=leaver, plan={}, ordered_by_id=actor.user_id, job_id=leaver.pk)
    spec = current_snapshot().object("account").spec
    row.items.create(object_id=spec.id, record_id=leaver.pk, old_owner_id=leaver.pk, state="failed", message="锁定")
    row.counts = {str(spec.id): {"total": 3, "moved": 1, "failed": 1, "skipped": 0}}
    row.people = {"teams": 2, "refused": []}
    row.save()
    return row


def _web_form(actor: Actor) -> dict[str, str]:
    """Return a web form with a message that was held back."""
    form = create_form(actor, "lead", {"label": "官网", "fields": [{"field": "name"}]})
    held = form.submissions.create(once="1", state="held", reason="trap", values={"name": "王芳"})
    return {"form_id": str(form.pk), "submission_id": str(held.pk), **_hook_and_mailbox(actor)}


def _hook_and_mailbox(actor: Actor) -> dict[str, str]:
    """Return a hook and a mailbox with trouble, each with something that was held back."""
    mapping = [{"field": "name", "path": "who"}]
    hook = settling.create(actor, HOOKS, "lead", {"label": "广告平台", "mapping": mapping})
    held: dict[str, Any] = {"once": "1", "state": "held", "reason": "not_saved", "values": {"name": "王芳"}}
    delivery = hook.arrivals.create(**held, body='{"who": "王芳"}')
    given = {"label": "询盘", "host": "imap.invalid", "username": "sales@shop.invalid", "password": "x"}
    mailbox = create_mailbox(actor, "lead", given)
    Mailbox.objects.filter(pk=mailbox.pk).update(error="unreachable", failures=1)
    mail = mailbox.arrivals.create(**held, uid_validity=1, uid=1, body="{}", sender="wang@shop.invalid", subject="询价")
    made = {"hook_id": hook.pk, "delivery_id": delivery.pk, "mailbox_id": mailbox.pk, "mail_id": mail.pk}
    return {name: str(value) for name, value in made.items()}


def sharing(actor: Actor, deal: uuid.UUID, crm: World) -> dict[str, str]:
    """Make a rule of each kind, a member of the deal's team and a share of it."""
    fits = {"field": "amount", "op": "gt", "value": "1000"}
    rep = f"user:{crm.users['rep'].pk}"
    given = SharingRuleInput(object="opportunity", label="大额商机", kind="criteria", shared_with=rep, condition=fits)
    wall = RestrictionRuleInput(object="opportunity", label="小额商机", applies_to=rep, condition=fits)
    add_member(actor, "opportunity", deal, crm.users["rep"].pk, role="售前")
    times = {"starts_at": timezone.now(), "ends_at": timezone.now() + timedelta(days=1)}
    return {
        "rule_id": str(create_sharing_rule(actor, given).uuid),
        "restriction_id": str(create_restriction_rule(actor, wall).uuid),
        "share_id": str(add_share(actor, "opportunity", deal, ShareInput(principal=rep, note="报价")).pk),
        "delegation_id": str(delegate(actor, DelegationInput(delegate_id=crm.users["rep"].pk, **times)).pk),
    }


def open_page(client: OrganizationClient, name: str, known: dict[str, str], **options: Any) -> Any:
    return client.get(reverse(name, kwargs=arguments_of(name, known)), **options)


def speak(language: str) -> None:
    User.objects.filter(username="admin").update(language=language)


@every_page
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_page_renders_with_one_heading_and_no_inline_code(
    name: str, language: str, admin: OrganizationClient, known: dict[str, str]
) -> None:
    speak(language)
    answer = open_page(admin, name, known)
    html = answer.content.decode()
    assert answer.status_code == 200, html[:2000]
    assert headings(html) == 1
    assert inline_code(html) == []
    assert missing_icons(html) == set()
    assert ('lang="zh-Hans"' if language == "zh-hans" else 'lang="en"') in html


@every_page
def test_page_says_nothing_in_english_to_who_reads_chinese(
    name: str, admin: OrganizationClient, known: dict[str, str]
) -> None:
    speak("zh-hans")
    found = set(texts(open_page(admin, name, known).content.decode()))
    assert found & (english() - NAMES) == set()


@every_page
def test_fragment_is_a_part_of_the_page(name: str, admin: OrganizationClient, known: dict[str, str]) -> None:
    page = open_page(admin, name, known).content.decode()
    fragment = open_page(admin, name, known, headers=HTMX).content.decode()
    if "<html" in fragment:
        return  # a page that has no fragment answers as a whole
    assert headings(fragment) == 0
    assert inline_code(fragment) == []
    assert set(texts(fragment)) - set(texts(page)) <= {"关闭"}


@every_page
def test_page_costs_as_many_queries_as_the_baseline_says(
    name: str, admin: OrganizationClient, known: dict[str, str]
) -> None:
    open_page(admin, name, known)  # fills the caches that last
    with expected_query_count(f"page:{name}"):
        open_page(admin, name, known)


@pytest.mark.parametrize("name", sorted(POST_ONLY))
def test_what_changes_something_is_not_opened(name: str, admin: OrganizationClient, known: dict[str, str]) -> None:
    more = dict.fromkeys(("key_id", "job_id", "deletion_id", "session_id", "notification_id"), known["record_id"])
    more |= dict.fromkeys(("absence_id", "cap_id", "member_id"), "1")
    more |= {"action": "abort", "consumer": "search", "task_id": known["record_id"]}
    answer = open_page(admin, name, {**known, **more})
    assert answer.status_code == 405, name


def test_the_lists_of_exceptions_name_existing_addresses() -> None:
    assert {name for name, _arguments in named_patterns()} >= POST_ONLY | NO_PAGES


@every_page
def test_strangers_are_sent_to_sign_in(name: str, crm: World, known: dict[str, str]) -> None:
    answer = open_page(OrganizationClient(host_of(crm)), name, known)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in")
