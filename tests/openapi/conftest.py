"""An object to call about, and a caller with a key."""

from __future__ import annotations

from typing import Any

import pytest

from crm_platform.kit.context import Actor
from metadata import services
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from openapi.keys import create_key
from openapi.scopes import SCOPES
from tests.kit.clients import OrganizationAPIClient

FIELDS = [
    FieldInput("code__c", "text", "编号", settings={"max_length": 40}, is_unique=True, is_indexed=True),
    FieldInput("amount__c", "currency", "金额"),
    FieldInput(
        "state__c", "picklist", "状态", choices=[ChoiceInput("new", "新建", "blue"), ChoiceInput("done", "完成")]
    ),
    FieldInput("due__c", "date", "到期"),
]


@pytest.fixture
def ticket(admin_actor: Actor) -> str:
    """The object `ticket__c`, and `part__c` that looks up to it."""
    services.create_object(admin_actor, ObjectInput("ticket__c", {"zh-hans": "工单", "en": "Ticket"}, fields=FIELDS))
    lookup = FieldInput("ticket__c", "lookup", "工单", settings={"target": "ticket__c"})
    services.create_object(admin_actor, ObjectInput("part__c", "备件", fields=[lookup]))
    return "ticket__c"


@pytest.fixture
def key(admin_actor: Actor) -> str:
    """The administrator's key with every scope."""
    _row, secret = create_key(admin_actor, "test", list(SCOPES))
    return secret


@pytest.fixture
def caller(api: OrganizationAPIClient, key: str) -> OrganizationAPIClient:
    """An API client that sends the key."""
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return api


def problem_codes(answer: Any) -> set[tuple[str, str]]:
    return {(error["pointer"], error["code"]) for error in answer.json().get("errors", [])}
