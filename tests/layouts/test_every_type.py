"""Every field type in the pages: filters by every operator, forms, cells; made of the types' own samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from crm_platform.files.models import StoredFile
from crm_platform.identity.models import User
from crm_platform.kit.json import dumps
from layouts.documents import ListViewSpec
from layouts.pages.list_state import ListState
from metadata.compiler.spec import Labels
from metadata.field_types.contexts import display_context
from metadata.field_types.operators import Arity, operators
from objects.query.conditions import Condition
from tests.kit.clients import OrganizationClient
from tests.kit.field_battery import FIELD, OBJECT, TYPES, Battery, battery
from tests.layouts.pages import detail, form_data, plain_text, row_ids

pytestmark = pytest.mark.django_db

every_type = pytest.mark.parametrize("key", TYPES)
VIEW = ListViewSpec("all", Labels(), ("name",), is_default=True)


@pytest.fixture
def build(actor_for: Any, client: OrganizationClient) -> Callable[[str], Battery]:
    """A function that builds the object of a type, and signs its maker in."""

    def make(key: str) -> Battery:
        found = battery(key, actor_for)
        client.force_login(User.objects.get(pk=found.actor.user_id))
        return found

    return make


def list_url(condition: Condition) -> str:
    return ListState(VIEW, filters=(condition,)).url(f"/o/{OBJECT}/")


@every_type
def test_list_filters_by_every_operator_and_editing_a_filter_keeps_it(
    key: str, build: Callable[[str], Battery], client: OrganizationClient
) -> None:
    found = build(key)
    ids = [str(item) for item in found.create_rows()]
    for match in found.samples.matches:
        condition = Condition(FIELD, match.operator, match.operand)
        url = list_url(condition)
        wanted = {ids[place] for place in match.rows}
        answer = client.get(url)
        assert answer.status_code == 200, (match, answer.content.decode()[:500])
        assert set(row_ids(answer.content.decode())) & set(ids) == wanted, match

        page = client.get(f"/o/{OBJECT}/filter?{url.partition('?')[2]}&place=0")
        assert page.status_code == 200, match
        data = form_data(page.content.decode(), "filter-form")
        applied = client.get(f"/o/{OBJECT}/filter?{urlencode({**data, 'apply': '1'}, doseq=True)}")
        assert applied.status_code == 302, (match, applied.content.decode()[-3000:])
        assert set(row_ids(client.get(applied["Location"]).content.decode())) & set(ids) == wanted, match


@every_type
def test_filter_form_offers_every_operator_with_an_input(
    key: str, build: Callable[[str], Battery], client: OrganizationClient
) -> None:
    found = build(key)
    for operator in found.type.filters(found.field.spec):
        html = client.get(f"/o/{OBJECT}/filter?{urlencode({'path': FIELD, 'op': operator})}").content.decode()
        assert f'<option value="{operator}" selected>' in html, operator
        has_input = 'name="_operand' in html
        assert has_input == (operators.get(operator).arity is not Arity.NONE), operator


@every_type
def test_form_sent_back_unchanged_changes_nothing(
    key: str, build: Callable[[str], Battery], client: OrganizationClient
) -> None:
    found = build(key)
    for item in found.samples.valid:
        try:
            saved = found.create(None if found.field.is_read_only else item.raw)
        except Exception:
            continue
        url = f"/o/{OBJECT}/{saved.id}/edit"
        data = form_data(client.get(url).content.decode(), "record-form")
        answer = client.post(url, data)
        assert answer.status_code == 302, (item, answer.content.decode()[-3000:])
        assert found.query.fields("version").get(saved.id)["version"] == 1, item
        if found.field.is_read_only:
            break


@every_type
def test_a_new_value_typed_into_the_form_is_saved(
    key: str, build: Callable[[str], Battery], client: OrganizationClient
) -> None:
    found = build(key)
    if found.field.is_read_only:
        pytest.skip("written by nobody")
    first = found.create(found.samples.rows[0])
    second = found.update(first.id, found.samples.update)
    wanted = found.api_form(second.id)
    copied = form_data(client.get(f"/o/{OBJECT}/{second.id}/edit").content.decode(), "record-form")
    page = f"/o/{OBJECT}/new"
    if found.samples.is_exclusive:  # no other record can have it: typed into the same one again
        found.update(first.id, found.samples.rows[0])
        page = f"/o/{OBJECT}/{first.id}/edit"
        copied = {**form_data(client.get(page).content.decode(), "record-form"), FIELD: copied[FIELD]}
    answer = client.post(page, copied)
    if found.type.is_sealed:
        assert answer.status_code == 422, "a mask is not taken for a value"
        return
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    made = answer["Location"].rsplit("/", 1)[1]
    made_form = found.api_form(made)
    for name in found.samples.by_server:
        wanted.pop(name), made_form.pop(name)
    assert made_form == wanted


@every_type
def test_record_page_shows_a_value_as_its_type_does(
    key: str, build: Callable[[str], Battery], client: OrganizationClient
) -> None:
    found = build(key)
    saved = found.create(None if found.field.is_read_only else found.samples.rows[0])
    values = found.query.show(saved.id)
    cell = found.type.cell(found.field.spec, values[FIELD], display_context(found.actor, record=values))
    shown = detail(client.get(f"/o/{OBJECT}/{saved.id}").content.decode(), FIELD)
    assert shown == (plain_text(cell) or "—")


def test_a_new_record_gets_what_was_uploaded_before_it_was_there(
    build: Callable[[str], Battery], client: OrganizationClient
) -> None:
    build("file")
    facts = client.post("/files/", {"file": SimpleUploadedFile("plan.txt", b"plan")}).json()
    data = form_data(client.get(f"/o/{OBJECT}/new").content.decode(), "record-form")
    data[FIELD] = [dumps({"id": facts["id"], "name": "other.exe", "size": 1}).decode()]
    refused = client.post(f"/o/{OBJECT}/new", {**data, "name": ""})
    kept = form_data(refused.content.decode(), "record-form")
    assert (refused.status_code, facts["id"] in kept[FIELD][0]) == (422, True)  # nobody uploads it twice
    assert StoredFile.objects.get(pk=facts["id"]).record_id is None
    kept["name"] = ["With a file"]
    answer = client.post(f"/o/{OBJECT}/new", kept)
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    file = StoredFile.objects.get(pk=facts["id"])
    assert (str(file.record_id), file.name) == (answer["Location"].rsplit("/", 1)[1], "plan.txt")
    assert "plan.txt" in client.get(answer["Location"]).content.decode()
    assert client.post(f"/o/{OBJECT}/new", kept).status_code == 422  # it is another record's


def test_a_bad_value_comes_back_at_its_field_with_the_rest_of_the_input(
    build: Callable[[str], Battery], client: OrganizationClient
) -> None:
    build("email")
    answer = client.post(f"/o/{OBJECT}/new", {"name": "Kept", FIELD: "no address"})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="Kept"' in html
    assert 'value="no address"' in html
    assert f'id="id_{FIELD}_error"' in html
    assert f'<a href="#id_{FIELD}">' in html
