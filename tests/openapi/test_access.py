"""Who may call: keys, their organisation, their scopes, their user's rights."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.utils import timezone

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden
from crm_platform.kit.tokens import token_digest
from openapi import limits
from openapi.keys import create_key, revoke_key
from openapi.models import ApiKey
from tests.kit import make

pytestmark = pytest.mark.django_db
ME = "/api/v1/me"


def call(api: Any, key: str, url: str = ME, method: str = "get", **options: Any) -> Any:
    return getattr(api, method)(url, HTTP_AUTHORIZATION=f"Bearer {key}", **options)


def test_me_names_the_caller(caller: Any) -> None:
    body = caller.get(ME).json()
    assert (body["username"], body["organization"]["slug"]) == ("admin", "acme")


def test_without_or_with_a_wrong_key_the_answer_is_401(api: Any, key: str) -> None:
    slug_swapped = key.replace("_acme_", "_other_")
    for header in ("", "Bearer", "Bearer x", "Basic abc", f"Bearer {key}x", f"Bearer {slug_swapped}"):
        answer = api.get(ME, HTTP_AUTHORIZATION=header) if header else api.get(ME)
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Bearer")
        assert answer.json()["code"] == "not_authenticated"


def test_only_the_hash_of_a_key_is_kept(key: str) -> None:
    row = ApiKey.objects.get()
    assert row.secret_hash == token_digest(key)
    assert key not in str(vars(row))


def test_revoked_and_expired_keys_and_those_of_inactive_users_are_refused(
    api: Any, admin_actor: Actor, actor_for: Any
) -> None:
    row, secret = create_key(admin_actor, "a", ["records:read"])
    assert call(api, secret).status_code == 200
    revoke_key(admin_actor, row.pk)
    assert call(api, secret).status_code == 401
    row, secret = create_key(admin_actor, "b", ["records:read"])
    ApiKey.objects.filter(pk=row.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert call(api, secret).status_code == 401
    user = make.user()
    _row, secret = create_key(actor_for(user), "c", ["records:read"])
    user.is_active = False
    user.save()
    assert call(api, secret).status_code == 401


def test_a_key_does_no_more_than_its_scopes(api: Any, admin_actor: Actor, ticket: str) -> None:
    _row, secret = create_key(admin_actor, "read only", ["records:read"])
    url = "/api/v1/records/ticket__c"
    assert call(api, secret, url).status_code == 200
    answer = call(api, secret, url, "post", data={"name": "x"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert call(api, secret, "/api/v1/meta").status_code == 403
    new_object = {"api_name": "x__c", "label": "x"}
    assert call(api, secret, "/api/v1/meta/objects", "post", data=new_object, format="json").status_code == 403


def test_a_key_does_no_more_than_its_user(api: Any, actor_for: Any, ticket: str) -> None:
    from openapi.scopes import SCOPES

    _row, secret = create_key(actor_for(make.user()), "rep", list(SCOPES))
    new_object = {"api_name": "x__c", "label": "x"}
    assert call(api, secret, "/api/v1/meta/objects", "post", data=new_object, format="json").status_code == 403


def test_keys_can_not_make_keys_nor_act_for_others(actor_for: Any, admin_user: Any) -> None:
    with pytest.raises(Forbidden):
        create_key(actor_for(admin_user, scopes=frozenset({"meta:write"})), "x", ["meta:write"])
    with pytest.raises(Forbidden):
        create_key(actor_for(make.user()), "x", ["records:read"], user=admin_user)


def test_the_burst_limit_answers_429(api: Any, key: str, settings: Any) -> None:
    settings.API_BURST = (3, 60)
    codes = [call(api, key).status_code for _ in range(5)]
    assert codes.count(429) >= 1
    answer = call(api, key)
    assert answer["RateLimit-Policy"] == '"burst";q=3;w=60'
    assert int(answer["Retry-After"]) <= 60


def test_calls_are_counted_in_one_round_trip_and_also_without_redis(settings: Any, monkeypatch: Any) -> None:
    settings.API_BURST = (2, 1_000_000_000)  # no window ends meanwhile
    sent: list[int] = []
    plain = redis.client.Pipeline.execute
    monkeypatch.setattr(redis.client.Pipeline, "execute", lambda self: sent.append(len(self)) or plain(self))
    name = uuid.uuid4().hex
    assert [limits.count_call(name).is_exceeded for _ in range(3)] == [False, False, True]  # type: ignore[union-attr]
    assert sent == [2, 2, 2]
    nobody = redis.Redis(port=1, socket_connect_timeout=0.1)
    monkeypatch.setattr(limits, "_client", lambda: nobody)
    name = uuid.uuid4().hex
    assert [limits.count_call(name).is_exceeded for _ in range(3)] == [False, False, True]  # type: ignore[union-attr]


def test_the_session_of_the_console_needs_the_csrf_token(admin_user: Any, ticket: str) -> None:
    from tests.kit.clients import OrganizationClient
    from tests.kit.database import ACME_HOST

    browser = OrganizationClient(ACME_HOST, enforce_csrf_checks=True)
    browser.force_login(admin_user)
    assert browser.get(ME).status_code == 200
    answer = browser.post("/api/v1/records/ticket__c", {"name": "x"}, content_type="application/json")
    assert answer.status_code == 403


def test_a_list_costs_three_statements(caller: Any, ticket: str, django_assert_max_num_queries: Any) -> None:
    caller.get("/api/v1/records/ticket__c")
    with django_assert_max_num_queries(4):
        caller.get("/api/v1/records/ticket__c?fields=name,amount__c,owner_id&include=labels")
