"""Web forms: what strangers send becomes leads in a pool, once; what is odd is held back; nobody learns of records."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from crm_platform.audit.models import AuditEntry
from crm_platform.kit.context import client_address, system_actor
from crm_platform.kit.errors import Forbidden, NotFound, StateConflict, ValidationFailed, VersionConflict
from metadata.compiler.current import current_snapshot
from tests.kit.clients import OrganizationAPIClient, OrganizationClient
from tests.layouts.hosts import host_of
from tests.objects.activities.diverting import divert_leads
from tests.objects.world import World
from workflows.intake import services, signing, submitting
from workflows.intake.models import FormSubmission, WebForm
from workflows.intake.submitting import PER_ADDRESS, AlreadyKnown, Sent, TooManySubmissions, submit
from workflows.pools.models import Pool

SITE, EVIL = "https://www.shop.example", "https://evil.example"
FIELDS = [
    {"field": "name", "required": True},
    {"field": "company", "required": True},
    {"field": "mobile"},
    {"field": "city", "hidden": True, "parameter": "utm_campaign", "default": "none"},
]
GIVEN = {"name": "王芳", "company": "云途信息", "mobile": "13800138000"}
State = FormSubmission.State


@pytest.fixture
def form(pool: Pool) -> WebForm:
    given = {"label": "官网", "fields": FIELDS, "pool_id": pool.pk, "consent_text": "我同意", "origins": [SITE]}
    return services.create_form(system_actor(), "lead", given)


def sent(number: int = 0, **changes: Any) -> Sent:
    values = {**GIVEN, "mobile": f"1380013{8000 + number}", "company": f"云途{number}"}
    return Sent(**{"once": f"n{number}", "values": values, "seconds": 30.0, "consent": True, **changes})


def leads() -> list[Any]:
    model: Any = current_snapshot().object("lead").model
    return list(model._base_manager.order_by("id"))


@pytest.fixture
def stranger(crm: World) -> OrganizationClient:
    return OrganizationClient(host_of(crm), enforce_csrf_checks=True)


def opened(form: WebForm, seconds: float = 30.0) -> str:
    """Return the token of a page that has been open for so long."""
    token = signing.start_token(form)
    schema, name, started, once = signing.signing.loads(token, salt=signing._SALT)
    return signing.signing.dumps([schema, name, started - seconds, once], salt=signing._SALT)


# --- what becomes of it -------------------------------------------------------------------------------------------
def test_what_a_stranger_sends_waits_in_the_forms_pool(form: WebForm, pool: Pool) -> None:
    row = submit(form, sent(parameters={"utm_campaign": "spring"}, page=f"{SITE}/?utm_campaign=spring", referrer="r"))
    [lead] = leads()
    assert (row.state, row.record_id, row.record_object) == (State.ACCEPTED, lead.pk, "lead")
    assert (lead.owner_id, lead.pool_id, lead.created_by_id) == (None, pool.pk, None)
    assert (lead.value("name"), lead.value("company"), lead.value("city")) == ("王芳", "云途0", "spring")
    assert (row.consent_text, row.address, row.page) == ("我同意", "192.0.2.7", f"{SITE}/?utm_campaign=spring")
    assert (row.parameters, row.referrer) == ({"utm_campaign": "spring"}, "r")
    assert submit(form, sent()).pk == row.pk  # the button was pressed twice
    assert len(leads()) == 1


def test_a_form_may_name_an_owner(form: WebForm, crm: World) -> None:
    rep = crm.users["rep"]
    form = services.update_form(system_actor(), form.pk, {"pool_id": None, "owner_id": rep.pk})
    submit(form, sent())
    assert [lead.owner_id for lead in leads()] == [rep.pk]


def test_strangers_set_nothing_but_what_the_form_asks_for(form: WebForm, crm: World) -> None:
    more = {"owner_id": str(crm.users["rep"].pk), "pool_id": "x", "status": "converted", "city": "Beijing", "x": {}}
    submit(form, sent(values={**GIVEN, **more}))
    [lead] = leads()
    assert (lead.owner_id, lead.value("city"), lead.value("status") == "converted") == (None, "none", False)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"values": {"company": "x"}}, "name"),
        ({"values": {"name": " ", "company": "x"}}, "name"),
        ({"values": {"name": ["a"], "company": "x"}}, "name"),
        ({"values": {"name": {"a": 1}, "company": "x"}}, "name"),
        ({"values": {"name": "x" * 5001, "company": "x"}}, "name"),
        ({"values": {"name": "x" * 81, "company": "x"}}, "name"),
        ({"values": {**GIVEN, "mobile": "no phone"}}, "mobile"),
        ({"consent": False}, "consent"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_kept(form: WebForm, changes: Any, field: str) -> None:
    with pytest.raises(ValidationFailed) as failed:
        submit(form, sent(**changes))
    assert [error.field for error in failed.value.errors] == [field]
    assert (leads(), FormSubmission.objects.count()) == ([], 0)


@pytest.mark.parametrize(("changes", "reason"), [({"trap": "http://spam"}, "trap"), ({"seconds": 0.4}, "too_quick")])
def test_what_robots_send_is_held_back_until_somebody_releases_it(form: WebForm, changes: Any, reason: str) -> None:
    row = submit(form, sent(**changes))
    assert (row.state, row.reason, leads()) == (State.HELD, reason, [])
    services.release(system_actor(), form.pk, row.pk)
    assert [lead.value("name") for lead in leads()] == ["王芳"]
    with pytest.raises(StateConflict):
        services.release(system_actor(), form.pk, row.pk)
    assert AuditEntry.objects.filter(action="form.released").count() == 1


def test_one_address_sends_only_so_much(form: WebForm) -> None:
    for number in range(PER_ADDRESS):
        submit(form, sent(number))
    with pytest.raises(TooManySubmissions):
        submit(form, sent(99))
    client_address.set("192.0.2.8")
    assert submit(form, sent(100)).state == State.ACCEPTED


# --- duplicates ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("mode", "state"), [("allow", State.ACCEPTED), ("attach", State.ATTACHED)])
def test_who_is_known_already(form: WebForm, mode: str, state: str) -> None:
    form = services.update_form(system_actor(), form.pk, {"duplicates": mode})
    first = submit(form, sent())
    again = submit(form, sent(once="again"))
    assert (again.state, len(leads())) == (state, 1 if mode == "attach" else 2)
    if mode == "attach":
        assert again.record_id == first.record_id
        model: Any = current_snapshot().object("follow_up").model
        [follow_up] = model._base_manager.all()
        assert "王芳" in follow_up.value("content")


def test_a_rule_may_send_it_to_the_record_that_is_there(form: WebForm) -> None:
    form = services.update_form(system_actor(), form.pk, {"duplicates": "allow"})
    divert_leads()
    first = submit(form, sent())
    again = submit(form, sent(once="again"))
    assert (again.state, again.record_id, len(leads())) == (State.ATTACHED, first.record_id, 1)


def test_who_is_known_may_be_refused_politely(form: WebForm) -> None:
    form = services.update_form(system_actor(), form.pk, {"duplicates": "refuse"})
    submit(form, sent())
    with pytest.raises(AlreadyKnown):
        submit(form, sent(once="again"))
    assert (len(leads()), form.submissions.filter(state=State.REFUSED).count()) == (1, 1)


# --- pages for strangers ------------------------------------------------------------------------------------------
def test_the_hosted_page_speaks_the_browsers_language_and_takes_the_form(
    form: WebForm, stranger: OrganizationClient
) -> None:
    url = f"/f/{form.token}"
    chinese = stranger.get(url, headers={"Accept-Language": "zh-CN"})
    english = stranger.get(f"{url}?utm_campaign=spring&page=%3Cb%3E", headers={"Accept-Language": "en"})
    assert ("提交" in chinese.content.decode(), "Send</button>" in english.content.decode()) == (True, True)
    assert b"<script" not in english.content
    assert b"&lt;b&gt;" in english.content
    assert b"f.city" not in english.content  # hidden fields are not the visitor's
    rules = chinese["Content-Security-Policy"]
    assert f"frame-ancestors 'self' {SITE}" in rules
    assert "X-Frame-Options" not in chinese
    posted = {"f.name": "王芳", "f.company": "云途", "consent": "on", "utm_campaign": "spring"}
    assert stranger.post(url, posted).status_code == 409  # not from our page
    posted["start"] = opened(form)
    missing = stranger.post(url, {**posted, "f.name": ""}, headers={"Accept-Language": "en"})
    assert (missing.status_code, b"This field is required" in missing.content) == (422, True)
    assert b'value="\xe4\xba\x91\xe9\x80\x94"' in missing.content
    assert stranger.post(url, posted).status_code == 200
    assert [lead.value("city") for lead in leads()] == ["spring"]
    services.update_form(system_actor(), form.pk, {"redirect_url": f"{SITE}/thanks"})
    done = stranger.post(url, {**posted, "start": opened(form), "f.company": "其他"})
    assert (done.status_code, done["Location"]) == (302, f"{SITE}/thanks")
    services.update_form(system_actor(), form.pk, {"is_active": False})
    assert [stranger.get(path).status_code for path in (url, f"{url}/embed.js", "/f/nosuch")] == [404, 404, 404]


def test_too_much_is_not_read(form: WebForm, stranger: OrganizationClient) -> None:
    answer = stranger.post(f"/f/{form.token}", {"start": opened(form), "f.name": "x" * 70_000})
    assert answer.status_code == 413


def test_another_organisation_knows_nothing_of_the_form(form: WebForm, organization_host: str) -> None:
    abroad = OrganizationClient(organization_host)
    assert abroad.get(f"/f/{form.token}").status_code == 404
    assert abroad.get(f"/api/v1/public/forms/{form.token}").status_code == 404


@pytest.fixture
def organization_host(_acme: Any) -> str:
    from tests.kit.database import ACME_HOST

    return ACME_HOST


# --- scripts and servers ------------------------------------------------------------------------------------------
def test_scripts_of_named_sites_only_may_use_the_form(form: WebForm, site: OrganizationAPIClient) -> None:
    url = f"/api/v1/public/forms/{form.token}"
    told = site.get(url, headers={"Origin": SITE})
    assert told["Access-Control-Allow-Origin"] == SITE
    assert [item["name"] for item in told.json()["fields"]] == ["name", "company", "mobile"]
    assert site.options(url, headers={"Origin": SITE}).status_code == 204
    for answer in (site.get(url, headers={"Origin": EVIL}), site.options(url, headers={"Origin": EVIL})):
        assert (answer.status_code, "Access-Control-Allow-Origin" in answer) == (403, False)
    body = {"start": opened(form), "values": GIVEN, "consent": True, "parameters": {"utm_campaign": "x", "evil": 1}}
    assert site.post(url, body, headers={"Origin": EVIL}).status_code == 403
    done = site.post(url, body, headers={"Origin": SITE})
    assert (done.status_code, done.json()) == (201, {"message": "", "redirect_url": ""})
    assert [lead.value("city") for lead in leads()] == ["x"]


@pytest.mark.parametrize(
    "body",
    ["", "null", "[]", '"x"', "{", '{"values": []}', '{"values": {"name": NaN}}', "[" * 5000, '{"start": 7}'],
)
def test_odd_bodies_are_refused(form: WebForm, site: OrganizationAPIClient, body: str) -> None:
    answer = site.post(f"/api/v1/public/forms/{form.token}", body, content_type="application/json")
    assert answer.status_code in (400, 409), answer.content
    assert leads() == []


def signed(site: Any, form: WebForm, body: bytes, **changes: Any) -> Any:
    at = str(changes.get("at", int(time.time())))
    sign = changes.get("sign") or signing.signature(signing.secret_of(form), at, changes.get("of", body))
    headers = {"X-Crm-Timestamp": at, "X-Crm-Signature": sign}
    url = f"/api/v1/public/leads/{form.token}"
    return site.post(url, body, content_type="application/json", headers=headers)


def test_servers_sign_what_they_send(form: WebForm, site: OrganizationAPIClient) -> None:
    body = json.dumps({"values": GIVEN, "consent": True}).encode()
    now = int(time.time())
    wrong = [{"at": now - 400}, {"at": now + 400}, {"at": "x"}, {"at": "²"}, {"sign": "0" * 64}, {"of": b"other"}]
    assert {signed(site, form, body, **changes).status_code for changes in wrong} == {401}
    first, replayed = signed(site, form, body, at=now), signed(site, form, body, at=now)
    assert (first.status_code, first.json()) == (201, replayed.json())
    assert [str(lead.pk) for lead in leads()] == [first.json()["record_id"]]
    old = signing.signature(signing.secret_of(form), str(now), body)
    renewed = services.new_secrets(system_actor(), form.pk)
    assert signed(site, renewed, body, at=now, sign=old).status_code == 401


# --- settling -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"label": " "}, "label"),
        ({"fields": [{"field": "owner_id"}]}, "fields"),
        ({"fields": [{"field": "campaign_id"}]}, "fields"),
        ({"fields": [{"field": "name"}, {"field": "name"}]}, "fields"),
        ({"fields": ["name"]}, "fields"),
        ({"fields": [{"field": "name", "required": "yes"}]}, "fields"),
        ({"origins": ["https://a.example/path"]}, "origins"),
        ({"origins": ["*"]}, "origins"),
        ({"origins": ["https://a.example; script-src *"]}, "origins"),
        ({"redirect_url": "javascript:alert(1)"}, "redirect_url"),
        ({"redirect_url": "https://a.example;x/"}, "redirect_url"),
        ({"duplicates": "never"}, "duplicates"),
        ({"nosuch": 1}, "nosuch"),
    ],
)
def test_a_form_is_settled_soundly(form: WebForm, changes: Any, field: str) -> None:
    with pytest.raises(ValidationFailed) as failed:
        services.update_form(system_actor(), form.pk, changes)
    assert [error.field for error in failed.value.errors] == [field]


def test_settling_is_for_administrators_and_for_one_at_a_time(form: WebForm, crm: World) -> None:
    rep = crm.actor("rep")
    for act in (services.forms, lambda actor: services.delete_form(actor, form.pk)):
        with pytest.raises(Forbidden):
            act(rep)
    services.update_form(system_actor(), form.pk, {"label": "新"}, expected_version=1)
    with pytest.raises(VersionConflict):
        services.update_form(system_actor(), form.pk, {"label": "旧"}, expected_version=1)
    services.delete_form(system_actor(), form.pk)
    with pytest.raises(NotFound):
        submitting.active_form(form.token)


def test_a_field_that_is_gone_is_not_asked_for(form: WebForm) -> None:
    WebForm.objects.filter(pk=form.pk).update(fields=[*FIELDS, {"field": "gone__c", "required": True}])
    assert submit(submitting.active_form(form.token), sent()).state == State.ACCEPTED
