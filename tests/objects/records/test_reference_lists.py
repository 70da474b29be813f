"""Lists of references: names as far as the reader sees, checks of what is new, related lists, and purging."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm_platform.identity.models import User
from crm_platform.kit.errors import ValidationFailed
from metadata import services
from metadata.inputs import FieldInput, ObjectInput
from objects.history.selectors import history
from objects.query.conditions import Condition
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit import make
from tests.kit.clients import OrganizationClient

pytestmark = pytest.mark.django_db

TARGET, HOLDER, LINKS, PLAIN = "guest__c", "party__c", "guests__c", "hosts__c"


@pytest.fixture
def admin(actor_for: Any) -> Any:
    """An administrator in an organisation where parties have guests (with roles) and hosts."""
    actor = actor_for(make.user(role="everything", profile="administrator"))
    services.create_object(actor, ObjectInput(TARGET, {"en": "Guest"}, open_to_profiles=True))
    services.create_object(actor, ObjectInput(HOLDER, {"en": "Party"}, open_to_profiles=True))
    said = {"target": TARGET, "link_attributes": ["role", "primary"]}
    services.add_field(actor, HOLDER, FieldInput(LINKS, "multi_lookup", {"en": "Guests"}, settings=said))
    services.add_field(actor, HOLDER, FieldInput(PLAIN, "multi_lookup", {"en": "Hosts"}, settings={"target": TARGET}))
    return actor


def guests(actor: Any, *names: str) -> list[str]:
    return [str(RecordService(actor).create(TARGET, {"name": name}).id) for name in names]


def party(actor: Any, **values: Any) -> uuid.UUID:
    return RecordService(actor).create(HOLDER, {"name": "Party", **values}).id


def names(actor: Any, record_id: uuid.UUID, field: str = PLAIN) -> list[str]:
    return [link.name for link in RecordQuery(actor, HOLDER).show(record_id)[field] or ()]


def test_names_come_in_the_order_given_and_in_one_statement(admin: Any) -> None:
    first, second, third = guests(admin, "A", "B", "C")
    record_id = party(admin, **{PLAIN: [third, first, second]})
    query = RecordQuery(admin, HOLDER).fields("name", PLAIN)
    query.page(10, labels=True)
    with CaptureQueriesContext(connection) as captured:
        page = query.page(10, labels=True)
    of_records = [item["sql"] for item in captured if not item["sql"].startswith("EXECUTE schema_version")]
    assert len([sql for sql in of_records if "metadata_schemastate" not in sql]) == 1
    assert page.dicts()[0][PLAIN] == [third, first, second]
    assert page.labels == [{PLAIN: ["C", "A", "B"]}]
    assert names(admin, record_id) == ["C", "A", "B"]


def test_what_the_reader_may_not_see_has_no_name_and_stays_when_he_saves(admin: Any, actor_for: Any) -> None:
    seller = make.user(role="individual", profile="sales_rep")
    hidden, mine = guests(admin, "Secret", "Open")
    RecordService(admin).update(TARGET, mine, {"owner_id": str(seller.id)})
    record_id = party(admin, owner_id=str(seller.id), **{PLAIN: [hidden, mine]})
    other = actor_for(seller)
    assert names(other, record_id) == ["", "Open"]
    page = RecordQuery(other, HOLDER).fields(PLAIN).page(1, labels=True)
    assert page.labels == [{PLAIN: [None, "Open"]}]
    changed = RecordService(other).update(HOLDER, record_id, {PLAIN: [mine, hidden]})
    assert changed.version == 2
    fresh = guests(admin, "Another")
    with pytest.raises(ValidationFailed) as refused:
        RecordService(other).update(HOLDER, record_id, {PLAIN: [mine, hidden, *fresh]})
    assert [(error.field, error.code) for error in refused.value.errors] == [(PLAIN, "invalid_reference")]


def test_all_that_is_new_is_checked_by_one_statement_and_refused_once(admin: Any) -> None:
    known = guests(admin, "A")
    with pytest.raises(ValidationFailed) as refused:
        party(admin, **{PLAIN: [*known, str(uuid.uuid4()), str(uuid.uuid4())], LINKS: [str(uuid.uuid4())]})
    assert [(error.field, error.code) for error in refused.value.errors] == [
        (LINKS, "invalid_reference"),
        (PLAIN, "invalid_reference"),
    ]


def test_trashed_target_loses_its_name_and_comes_back_with_it(admin: Any) -> None:
    first, second = guests(admin, "A", "B")
    record_id = party(admin, **{PLAIN: [first, second]})
    deletion = RecordService(admin).delete(TARGET, first)
    assert names(admin, record_id) == ["", "B"]
    RecordService(admin).restore(deletion)
    assert names(admin, record_id) == ["A", "B"]


def test_purged_target_is_taken_out_of_every_list(admin: Any) -> None:
    first, second = guests(admin, "A", "B")
    both = party(
        admin, **{PLAIN: [first, second], LINKS: [{"id": first, "role": "Cook"}, {"id": second, "role": "DJ"}]}
    )
    alone = party(admin, **{PLAIN: [first]})
    RecordService(admin).purge(RecordService(admin).delete(TARGET, first))
    found = RecordQuery(admin, HOLDER).get(both)
    assert found[PLAIN] == [second]
    assert found[LINKS] == [{"id": second, "role": "DJ", "primary": False}]
    assert RecordQuery(admin, HOLDER).record(alone).value(PLAIN) is None
    assert RecordQuery(admin, HOLDER).where(Condition(PLAIN, "empty")).ids() == [alone]


def test_history_names_what_came_and_went(admin: Any) -> None:
    first, second = guests(admin, "Anna", "Bert")
    record_id = party(admin, **{PLAIN: [first]})
    RecordService(admin).update(HOLDER, record_id, {PLAIN: [first, second]})
    change = history(admin, HOLDER, record_id, 1).entries[0].changes[0]
    assert (change.old_text, change.new_text) == ("Anna", "Anna、Bert")


def test_page_of_the_target_lists_what_names_it(admin: Any, client: OrganizationClient) -> None:
    first, second = guests(admin, "A", "B")
    RecordService(admin).create(HOLDER, {"name": "Garden party", PLAIN: [second, first]})
    client.force_login(User.objects.get(pk=admin.user_id))
    html = client.get(f"/o/{TARGET}/{first}").content.decode()
    assert "Garden party" in html
    listed = client.get(f"/o/{HOLDER}/?{PLAIN}__any={first}").content.decode()
    assert "Garden party" in listed
    started = client.get(f"/o/{HOLDER}/new?{PLAIN}={first}").content.decode()
    assert f'<input type="hidden" name="{PLAIN}" value="{first}">' in started


def test_form_keeps_roles_and_takes_a_typed_name(admin: Any, client: OrganizationClient) -> None:
    first, second = guests(admin, "Anna", "Bert")
    client.force_login(User.objects.get(pk=admin.user_id))
    sent = {
        "name": "By hand",
        LINKS: [first, second],
        f"{LINKS}.role": ["Cook", ""],
        f"{LINKS}.primary": second,
        f"{PLAIN}_text": "Bert",
    }
    answer = client.post(f"/o/{HOLDER}/new", sent)
    assert answer.status_code == 302, answer.content.decode()[-2000:]
    found = RecordQuery(admin, HOLDER).get(answer["Location"].rsplit("/", 1)[1])
    assert found[PLAIN] == [second]
    assert found[LINKS] == [
        {"id": first, "role": "Cook", "primary": False},
        {"id": second, "role": "", "primary": True},
    ]
    refused = client.post(f"/o/{HOLDER}/new", {**sent, f"{PLAIN}_text": "Nobody"})
    assert refused.status_code == 422
    assert 'value="Nobody"' in refused.content.decode()
