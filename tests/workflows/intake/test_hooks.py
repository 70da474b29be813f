"""Hooks: what other programs post in a shape of their own becomes a record once; what can't be saved waits."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any

import pytest

from crm_platform.audit.models import AuditEntry
from crm_platform.identity.models import User
from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import Forbidden, StateConflict, ValidationFailed
from metadata.compiler.current import current_snapshot
from tests.kit.clients import OrganizationAPIClient, OrganizationClient
from tests.layouts.hosts import host_of
from tests.objects.world import World
from tests.workflows.intake.conftest import Records
from workflows.intake import hooks, settling, signing, trying
from workflows.intake.hooks import HOOKS, MASK, Received, receive
from workflows.intake.mapping import MISSING, find, is_path, tree
from workflows.intake.models import HookDelivery, InboundHook
from workflows.pools.models import Pool

State = HookDelivery.State
MAPPING = [
    {"field": "name", "path": "lead.people[0].name"},
    {"field": "company", "path": "lead.company", "default": "未填"},
    {"field": "mobile", "path": "lead.people.0.phones"},
    {"field": "rating", "path": "lead.score", "values": {"1": "hot", "2": "warm"}},
    {"field": "city", "constant": "上海"},
]
PERSON = {"name": " 王芳 ", "phones": ["13800138000", None, {"x": 1}]}
GIVEN: dict[str, Any] = {"id": 7, "token": "t-9", "lead": {"people": [PERSON], "score": 1, "secret_word": ""}}


@pytest.fixture
def hook(pool: Pool) -> InboundHook:
    given = {"label": "广告平台", "mapping": MAPPING, "pool_id": pool.pk, "once_path": "id"}
    return settling.create(system_actor(), HOOKS, "lead", given)


def changed(hook: InboundHook, **changes: Any) -> InboundHook:
    return settling.update(system_actor(), HOOKS, hook.pk, changes)


def received(**changes: Any) -> Received:
    document = {**GIVEN, **changes}
    return Received(document, json.dumps(document, default=str).encode())


# --- paths ------------------------------------------------------------------------------------------------------
def test_paths_lead_through_objects_and_lists() -> None:
    document = {"a": {"b.c": [{"d": 0}, None]}, "e": [], "f": "x"}
    wanted = {'a["b.c"][0].d': 0, 'a["b.c"].0.d': 0, 'a["b.c"][1]': None, "e": [], "f": "x"}
    assert {path: find(document, path) for path in wanted} == wanted
    gone = ["a.b", 'a["b.c"][2]', "f.x", "f[0]", "e.x", 'a["b.c"].-1']
    assert {find(document, path) is MISSING for path in gone} == {True}
    assert [is_path(text) for text in ("", ".a", "a[", "a[x]", "a..b", "[0]", "a.b[0][1]", ".".join("a" * 17))] == [
        *[False] * 5, True, True, False,
    ]  # fmt: skip
    lines = {leaf.path: leaf.text for leaf in tree(document) if leaf.text is not None}
    assert lines == {'a["b.c"][0].d': "0", 'a["b.c"][1]': "", "e": "", "f": "x"}
    assert all(find(document, path) is not MISSING for path in lines)


# --- what becomes of it -----------------------------------------------------------------------------------------
def test_what_a_program_posts_waits_in_the_hooks_pool_once(hook: InboundHook, pool: Pool, records: Records) -> None:
    row = receive(hook, received())
    [lead] = records("lead")
    assert (row.state, row.record_object, row.record_id) == (State.ACCEPTED, "lead", lead.pk)
    assert (lead.owner_id, lead.pool_id, lead.created_by_id) == (None, pool.pk, None)
    told = {name: lead.value(name) for name in ("name", "company", "rating", "city")}
    assert told == {"name": "王芳", "company": "未填", "rating": "hot", "city": "上海"}
    assert str(lead.value("mobile")).endswith("13800138000")
    assert json.loads(row.body)["token"] == MASK  # what looks like a secret is not kept
    assert not row.is_whole
    again = receive(hook, received(lead={}))  # the same number
    assert (again.pk, len(records("lead"))) == (row.pk, 1)


def test_a_document_is_known_by_its_number_a_header_or_as_a_whole(hook: InboundHook) -> None:
    other = received(id="7", more=1)
    assert hooks.once_of(hook, received()) == hooks.once_of(hook, other)
    hook.once_path, hook.once_header = "nothing.here", "X-Id"
    assert hooks.once_of(hook, Received({}, b"{}", "9")) == hooks.once_of(hook, Received({"a": 1}, b"", "9"))
    assert hooks.once_of(hook, received()) == hooks.once_of(hook, received())
    assert hooks.once_of(hook, received()) != hooks.once_of(hook, other)


def test_what_cannot_be_saved_waits_with_the_reason_and_is_released_by_the_mapping_of_then(
    hook: InboundHook, records: Records
) -> None:
    row = receive(hook, Received({"id": 8, "lead": {"who": "李雷", "score": 3}}, b"x"))
    assert (row.state, row.reason, records("lead")) == (State.HELD, "not_saved", [])
    field = current_snapshot().object("lead").fields["name"].spec.label.text("zh-hans")
    assert field in row.detail
    with pytest.raises(ValidationFailed):
        settling.release(system_actor(), HOOKS, hook.pk, row.pk)
    mapping = [{"field": "name", "path": "lead.who"}, MAPPING[1]]
    hook = changed(hook, mapping=mapping)
    settling.release(system_actor(), HOOKS, hook.pk, row.pk)
    assert [lead.value("name") for lead in records("lead")] == ["李雷"]
    with pytest.raises(StateConflict):
        settling.release(system_actor(), HOOKS, hook.pk, row.pk)
    assert AuditEntry.objects.filter(action="hook.released").count() == 1


@pytest.mark.parametrize(
    ("mode", "state", "leads", "follow_ups"),
    [("allow", State.ACCEPTED, 2, 0), ("attach", State.ATTACHED, 1, 1), ("refuse", State.REFUSED, 1, 0)],
)
def test_who_is_known_already(
    hook: InboundHook, records: Records, mode: str, state: str, leads: int, follow_ups: int
) -> None:
    hook = changed(hook, duplicates=mode)
    receive(hook, received())
    again = receive(hook, received(id=8))
    assert (again.state, len(records("lead")), len(records("follow_up"))) == (state, leads, follow_ups)


def test_trying_tells_what_would_come_out_and_writes_nothing(hook: InboundHook, records: Records) -> None:
    good = trying.try_out(hook, GIVEN)
    assert (good.state, good.object, good.values["name"]) == (State.ACCEPTED, "lead", "王芳")
    bad = trying.try_out(hook, {"lead": {"people": [{"phones": "no phone"}]}})
    assert (bad.state, bad.reason) == (State.HELD, "not_saved")
    wrong = {line["name"] for line in trying.lines(hook, bad) if line["error"]}
    assert wrong == {"name", "mobile"}
    assert (records("lead"), HookDelivery.objects.count()) == ([], 0)


def test_numbers_lists_and_flags_become_what_their_fields_take(hook: InboundHook, records: Records) -> None:
    mapping = [
        *MAPPING[:2],
        {"field": "expected_amount", "path": "worth"},
        {"field": "interests", "path": "wants", "values": {"CRM 版": "crm"}},
    ]
    hook = changed(hook, mapping=mapping)
    receive(hook, received(worth=Decimal("1200.50"), wants=["crm 版", "bi"]))
    [lead] = records("lead")
    assert (lead.value("interests"), lead.value("expected_amount")) == (["crm", "bi"], Decimal("1200.50"))


# --- the address ------------------------------------------------------------------------------------------------
def test_the_address_takes_json_and_forms_and_tells_strangers_nothing(
    hook: InboundHook, site: OrganizationAPIClient, records: Records
) -> None:
    url = f"/api/v1/public/hooks/{hook.token}"
    first = site.post(url, GIVEN)
    assert (first.status_code, set(first.json())) == (201, {"id"})
    assert site.post(url, GIVEN).json() == first.json()
    changed(hook, mapping=[{"field": "name", "path": "who"}, {"field": "company", "path": "firm"}])
    posted = site.post(url, "who=%E6%9D%8E%E9%9B%B7&firm=F", content_type="application/x-www-form-urlencoded")
    assert posted.status_code == 201, posted.content
    odd = ['{"id": 5, "lead": {"people": [{"name": "a\\u0000\\ud800"}]}, "n": 1e999999, "m": ' + "9" * 400 + "}", "[]"]
    assert [site.post(url, body, content_type="application/json").status_code for body in odd] == [201, 201]
    assert [lead.value("name") for lead in records("lead")] == ["王芳", "李雷"]
    bad = ["", "null", "7", "{", '{"a": NaN}', "[" * 60 + "]" * 60, "[" * 9000]
    assert {site.post(url, body, content_type="application/json").status_code for body in bad} == {400}
    assert site.post(url, "x" * 300_000, content_type="application/json").status_code == 413
    assert (site.get(url).status_code, site.post("/api/v1/public/hooks/nosuch", {}).status_code) == (405, 404)
    changed(hook, is_active=False)
    assert site.post(url, GIVEN).status_code == 404


def test_who_signs_is_told_what_became_of_it(hook: InboundHook, site: OrganizationAPIClient, records: Records) -> None:
    changed(hook, is_signed=True)
    url, body, now = f"/api/v1/public/hooks/{hook.token}", json.dumps(GIVEN), int(time.time())

    def post(at: Any, secret: str) -> Any:
        headers = {"X-Crm-Timestamp": str(at), "X-Crm-Signature": signing.signature(secret, str(at), body.encode())}
        return site.post(url, body, content_type="application/json", headers=headers)

    secret = signing.secret_of(hook)
    wrong = [post(now - 400, secret), post(now, "other"), site.post(url, GIVEN)]
    assert {answer.status_code for answer in wrong} == {401}
    done = post(now, secret)
    assert (done.status_code, done.json()["state"], len(records("lead"))) == (201, "accepted", 1)
    settling.new_secrets(system_actor(), HOOKS, hook.pk)
    assert post(now, secret).status_code == 404  # at the old address


# --- settling ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"label": ""}, "label"),
        ({"mapping": [{"field": "name"}]}, "mapping"),
        ({"mapping": [{"field": "name", "path": "a", "constant": "b"}]}, "mapping"),
        ({"mapping": [{"field": "name", "path": "a["}]}, "mapping"),
        ({"mapping": [{"field": "owner_id", "path": "a"}]}, "mapping"),
        ({"mapping": [{"field": "campaign_id", "path": "a"}]}, "mapping"),
        ({"mapping": [MAPPING[0], MAPPING[0]]}, "mapping"),
        ({"mapping": ["name"]}, "mapping"),
        ({"mapping": [{"field": "name", "path": "a", "values": {"1": 2}}]}, "mapping"),
        ({"once_path": "a b["}, "once_path"),
        ({"once_header": "X Y"}, "once_header"),
        ({"duplicates": "never"}, "duplicates"),
        ({"token": "mine"}, "token"),
    ],
)
def test_a_hook_is_settled_soundly(hook: InboundHook, changes: Any, field: str) -> None:
    with pytest.raises(ValidationFailed) as failed:
        changed(hook, **changes)
    assert [error.field for error in failed.value.errors] == [field]


def test_hooks_are_settled_and_tried_on_pages_by_administrators(
    hook: InboundHook, crm: World, records: Records
) -> None:
    with pytest.raises(Forbidden):
        settling.listed(crm.actor("rep"), HOOKS)
    admin = OrganizationClient(host_of(crm))
    admin.force_login(User.objects.get(username="admin"))
    page = admin.get(f"/setup/hooks/{hook.pk}")
    posted = {
        **{name: page.context["form"][name].value() or "" for name in page.context["form"].fields},
        "version": hook.version, "mapping-TOTAL_FORMS": "2", "mapping-INITIAL_FORMS": "0",
        "mapping-0-field": "name", "mapping-0-path": "who", "mapping-0-position": "2",
        "mapping-1-field": "company", "mapping-1-constant": "F", "mapping-1-values": "A=b = c\n",
        "mapping-1-position": "1",
    }  # fmt: skip
    assert admin.post(f"/setup/hooks/{hook.pk}", posted).status_code == 302
    hook.refresh_from_db()
    company = {"field": "company", "constant": "F", "values": {"A=b": "c"}}
    assert hook.mapping == [company, {"field": "name", "path": "who"}]
    receive(hook, Received({"id": 1, "who": "王芳<b>"}, b""))
    shown = admin.get(f"/setup/hooks/{hook.pk}/try").content.decode()
    assert "王芳&lt;b&gt;" in shown
    assert '<code class="' not in shown
    tried = admin.post(f"/setup/hooks/{hook.pk}/try", {"document": '{"who": "李雷"}'})
    assert (tried.status_code, "李雷" in tried.content.decode(), len(records("lead"))) == (200, True, 1)
    assert admin.post(f"/setup/hooks/{hook.pk}/try", {"document": "{"}).status_code == 422


def test_bodies_are_forgotten_after_a_while(hook: InboundHook) -> None:
    row = receive(hook, received())
    assert hooks.forget_bodies() == 0
    HookDelivery.objects.update(at="2020-01-01T00:00:00Z")
    assert hooks.forget_bodies() == 1
    assert receive(hook, received()).pk == row.pk  # that it came is remembered
