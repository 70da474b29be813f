"""Currencies on pages and over the API: in use or not, dated rates, amounts that tell their worth."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from metadata import currencies, services
from metadata.field_types.contexts import display_context
from metadata.inputs import FieldInput, ObjectInput
from metadata.models import ExchangeRate
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.layouts.pages import form_data

pytestmark = pytest.mark.django_db
OBJECT = "deal__c"


@pytest.fixture
def deals(admin_actor: Any) -> Any:
    fields = [
        FieldInput("price__c", "currency", "Price"),
        FieldInput("cost__c", "currency", "Cost", settings={"currency_mode": "organization"}),
    ]
    services.create_object(admin_actor, ObjectInput(OBJECT, OBJECT, fields=fields))
    return admin_actor


def use_dollars(actor: Any, rate: str = "7.2") -> None:
    currencies.add_currency(actor, "USD")
    currencies.set_rate(actor, "USD", timezone.now().date() - timedelta(days=30), Decimal(rate))


def test_currency_is_put_into_use_rated_and_taken_out(admin_client: OrganizationClient, admin_actor: Any) -> None:
    assert admin_client.post("/setup/currencies/", {"code": "USD"})["Location"] == "/setup/currencies/USD/"
    day = timezone.now().date().isoformat()
    assert admin_client.post("/setup/currencies/USD/", {"valid_from": day, "rate": "7.25"}).status_code == 302
    assert "7.25 CNY" in admin_client.get("/setup/currencies/").content.decode()
    assert f"/rates/{day}/remove" in admin_client.get("/setup/currencies/USD/").content.decode()
    admin_client.post("/setup/currencies/USD/close")
    assert currencies.active_currencies() == ("CNY",)
    admin_client.post("/setup/currencies/USD/reopen")
    assert currencies.active_currencies() == ("CNY", "USD")
    assert admin_client.post(f"/setup/currencies/USD/rates/{day}/remove").status_code == 302
    assert not ExchangeRate.objects.exists()


@pytest.mark.parametrize(
    ("url", "data", "status"),
    [
        ("/setup/currencies/", {"code": "XXQ"}, 422),
        ("/setup/currencies/XXQ/", {"valid_from": "2026-01-01", "rate": "1"}, 404),
        ("/setup/currencies/USD/", {"valid_from": "2026-01-01", "rate": "0"}, 422),
        ("/setup/currencies/USD/", {"valid_from": "x", "rate": "7"}, 422),
        ("/setup/currencies/CNY/", {"valid_from": "2026-01-01", "rate": "7"}, 422),
        ("/setup/currencies/XXQ/close", {}, 404),
        ("/setup/currencies/XXQ/reopen", {}, 404),
        ("/setup/currencies/USD/rates/2020-01-01/remove", {}, 404),
        ("/setup/currencies/USD/rates/yesterday/remove", {}, 404),
    ],
)
def test_mistakes_are_told(
    url: str, data: Any, status: int, admin_client: OrganizationClient, admin_actor: Any
) -> None:
    use_dollars(admin_actor)
    assert admin_client.post(url, data).status_code == status


def test_api_lists_adds_and_rates(admin_client: OrganizationClient, admin_actor: Any) -> None:
    def send(method: str, url: str, body: Any) -> Any:
        return getattr(admin_client, method)(f"/api/v1/{url}", body, content_type="application/json")

    assert send("post", "currencies", {"code": "USD"}).status_code == 201
    answer = send("put", "currencies/USD/rates", {"valid_from": "2026-01-01", "rate": "7.10"})
    assert (answer.status_code, answer.json()) == (200, {"valid_from": "2026-01-01", "rate": "7.1"})
    assert admin_client.get("/api/v1/currencies/USD/rates").json()["data"] == [answer.json()]
    listed = admin_client.get("/api/v1/currencies").json()["data"]
    assert [(item["code"], item["is_base"], item["rate"]) for item in listed] == [
        ("CNY", True, "1"),
        ("USD", False, "7.1"),
    ]
    assert send("post", "currencies", {"code": "usd"}).status_code == 422
    assert send("post", "currencies", {"code": ["USD"]}).status_code == 422
    assert send("put", "currencies/USD/rates", {"valid_from": "2026-01-01"}).status_code == 422
    assert send("put", "currencies/USD/rates", {"valid_from": 5, "rate": "7"}).status_code == 422
    assert send("put", "currencies/USD/rates", {"valid_from": "2026-01-01", "rate": True}).status_code == 422
    assert admin_client.get("/api/v1/currencies/XXQ/rates").status_code == 404


def test_amount_tells_its_worth_where_the_currency_is_another(deals: Any) -> None:
    use_dollars(deals)
    saved = RecordService(deals).create(OBJECT, {"name": "D", "currency": "USD", "price__c": "10", "cost__c": "10"})
    values = RecordQuery(deals, OBJECT).show(saved.id)
    obj = RecordQuery(deals, OBJECT).object
    ctx = display_context(deals, record=values)
    price, cost = (
        obj.field(name).type.cell(obj.field(name).spec, values[name], ctx) for name in ("price__c", "cost__c")
    )
    assert 'title="≈ ¥72.00"' in price
    assert "US$10.00" in price
    assert cost == "¥10.00"
    found = RecordQuery(deals, OBJECT).get(saved.id)
    assert (found["price__c"], found["price__c_base"], found["cost__c_base"]) == ("10.00", "72.00", "10.00")


def test_amount_in_the_base_currency_has_no_title(deals: Any) -> None:
    saved = RecordService(deals).create(OBJECT, {"name": "D", "price__c": "10"})
    values = RecordQuery(deals, OBJECT).show(saved.id)
    field = RecordQuery(deals, OBJECT).object.field("price__c")
    assert field.type.cell(field.spec, values["price__c"], display_context(deals, record=values)) == "¥10.00"


def test_equal_amount_changes_nothing_whatever_it_is_worth(deals: Any) -> None:
    use_dollars(deals)
    service = RecordService(deals)
    saved = service.create(OBJECT, {"name": "D", "currency": "USD", "price__c": "10"})
    for raw in ("10", "10.00", 10, Decimal("10.0")):
        assert service.update(OBJECT, saved.id, {"price__c": raw}).version == 1, raw


def test_form_offers_the_currency_where_there_is_a_choice(deals: Any, admin_client: OrganizationClient) -> None:
    assert 'name="currency"' not in admin_client.get(f"/o/{OBJECT}/new").content.decode()
    use_dollars(deals)
    html = admin_client.get(f"/o/{OBJECT}/new").content.decode()
    data = form_data(html, "record-form")
    assert data["currency"] == ["CNY"]
    assert html.index('name="currency"') < html.index('name="price__c"')
    answer = admin_client.post(f"/o/{OBJECT}/new", {**data, "name": "D", "currency": "USD", "price__c": "10"})
    made = RecordQuery(deals, OBJECT).get(answer["Location"].rsplit("/", 1)[1])
    assert (made["currency"], made["price__c_base"]) == ("USD", "72.00")


def test_change_of_currency_on_the_form_computes_the_worth_anew(deals: Any, admin_client: OrganizationClient) -> None:
    use_dollars(deals)
    saved = RecordService(deals).create(OBJECT, {"name": "D", "price__c": "10", "cost__c": "10"})
    data = form_data(admin_client.get(f"/o/{OBJECT}/{saved.id}/edit").content.decode(), "record-form")
    assert admin_client.post(f"/o/{OBJECT}/{saved.id}/edit", {**data, "currency": "USD"}).status_code == 302
    found = RecordQuery(deals, OBJECT).get(saved.id)
    assert (found["price__c_base"], found["cost__c_base"]) == ("72.00", "10.00")
