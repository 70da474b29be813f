"""Dynamic addresses: made of other fields, signed with the organisation's key, and followed when anything changes."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import pytest

from crm_platform.identity.models import User
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import ValidationFailed
from metadata import services
from metadata.compiler.current import current_snapshot
from metadata.field_types.contexts import display_context
from metadata.field_types.dynamic_url import signing_key
from metadata.inputs import FieldInput, ObjectInput
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit import make
from tests.kit.work import run_queued_jobs

pytestmark = pytest.mark.django_db
OBJECT = "parcel__c"


@pytest.fixture
def actor(actor_for: Callable[[User], Actor]) -> Actor:
    return actor_for(make.user(role="everything", profile="administrator"))


def build(actor: Actor, **settings: Any) -> None:
    template = "https://track.example/find?no={name}&kg={weight__c}&who={owner.name}"
    fields = [
        FieldInput("weight__c", "decimal", "Weight"),
        FieldInput("track__c", "dynamic_url", "Track", settings={"template": template, **settings}),
    ]
    services.create_object(actor, ObjectInput(OBJECT, "Parcel", fields=fields))


def address(actor: Actor, record_id: Any) -> str:
    return str(RecordQuery(actor, OBJECT).get(record_id)["track__c"])


def test_address_is_made_of_other_fields_and_follows_them(actor: Actor) -> None:
    build(actor)
    saved = RecordService(actor).create(OBJECT, {"name": "A&B 客", "weight__c": "1.5"})
    who = "%" in address(actor, saved.id) and address(actor, saved.id).partition("who=")[2]
    assert address(actor, saved.id) == f"https://track.example/find?no=A%26B%20%E5%AE%A2&kg=1.5&who={who}"
    RecordService(actor).update(OBJECT, saved.id, {"name": "C", "weight__c": None})
    assert address(actor, saved.id) == f"https://track.example/find?no=C&kg=&who={who}"


def test_signature_is_that_of_the_address_by_the_key_that_the_admin_sees(actor: Actor) -> None:
    build(actor, is_signed=True)
    saved = RecordService(actor).create(OBJECT, {"name": "A"})
    plain, _sign, signature = address(actor, saved.id).partition("&signature=")
    field = current_snapshot().object(OBJECT).field("track__c")
    key = signing_key(field.spec)
    assert signature == hmac.new(key.encode(), plain.encode(), hashlib.sha256).hexdigest()
    assert field.definition is not None
    assert key in field.definition.admin_note(field.spec)


def test_new_template_rewrites_what_is_stored(actor: Actor) -> None:
    build(actor)
    saved = RecordService(actor).create(OBJECT, {"name": "A"})
    services.update_field(actor, OBJECT, "track__c", settings={"template": "https://other.example/{name}"})
    run_queued_jobs()
    assert address(actor, saved.id) == "https://other.example/A"


@pytest.mark.parametrize(("display", "part"), [("button", 'class="btn btn-sm"'), ("qr", '<svg class="barcode-qr"')])
def test_address_is_shown_as_its_field_says(actor: Actor, display: str, part: str) -> None:
    build(actor, display=display)
    saved = RecordService(actor).create(OBJECT, {"name": "A"})
    field = current_snapshot().object(OBJECT).field("track__c")
    cell = field.type.cell(field.spec, address(actor, saved.id), display_context(actor))
    assert part in cell
    assert 'rel="noopener noreferrer"' in cell


def test_field_that_does_not_exist_is_an_error_at_the_template(actor: Actor) -> None:
    with pytest.raises(ValidationFailed) as refused:
        build(actor, template="https://track.example/{nothing__c}")
    assert "nothing__c" in str([str(error.message) for error in refused.value.errors])
