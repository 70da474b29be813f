"""Currencies, dated rates, and the base amounts of records."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from crm_platform.identity.models import OrganizationSettings
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden, StateConflict, ValidationFailed
from metadata import currencies, services
from metadata.field_types.contexts import clean_context, display_context
from metadata.field_types.values import Calendar, InvalidValue
from metadata.inputs import FieldInput, ObjectInput
from metadata.models import Currency, ExchangeRate
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def dollars(admin_actor: Actor) -> Actor:
    """The administrator, in an organisation that also uses dollars."""
    currencies.add_currency(admin_actor, "USD")
    currencies.set_rate(admin_actor, "USD", date(2026, 1, 1), Decimal("7.0"))
    currencies.set_rate(admin_actor, "USD", date(2026, 6, 1), Decimal("7.5"))
    return admin_actor


def test_rate_is_that_of_the_last_day_it_was_set(dollars: Actor) -> None:
    table = currencies.rate_table(dollars)
    assert table.rate("USD", date(2026, 1, 1)) == 7
    assert table.rate("USD", date(2026, 5, 31)) == 7
    assert table.rate("USD", date(2026, 6, 1)) == Decimal("7.5")
    assert table.rate("USD", date(2030, 1, 1)) == Decimal("7.5")
    assert table.rate("CNY", date(2000, 1, 1)) == 1
    assert table.rate("", date(2000, 1, 1)) == 1


def test_day_before_the_first_rate_has_none(dollars: Actor) -> None:
    with pytest.raises(InvalidValue) as refused:
        currencies.rate_table(dollars).rate("USD", date(2025, 12, 31))
    assert refused.value.code == "invalid_choice"


def test_rates_are_read_once_per_request(dollars: Actor, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):  # the base currency and the dollar's rates
        for month in range(1, 13):
            currencies.rate_table(dollars).rate("USD", date(2026, month, 1))


def test_new_rate_counts_at_once_for_who_set_it(dollars: Actor) -> None:
    assert currencies.rate_table(dollars).rate("USD", date(2026, 12, 1)) == Decimal("7.5")
    currencies.set_rate(dollars, "USD", date(2026, 12, 1), Decimal("8"))
    assert currencies.rate_table(dollars).rate("USD", date(2026, 12, 1)) == 8


def test_rate_of_a_day_can_be_corrected(dollars: Actor) -> None:
    currencies.set_rate(dollars, "USD", date(2026, 6, 1), Decimal("7.6"))
    assert ExchangeRate.objects.get(currency_id="USD", valid_from=date(2026, 6, 1)).rate == Decimal("7.6")


@pytest.mark.parametrize("rate", ["0", "-1", "NaN", "Infinity", "1e11", "0.000000001"])
def test_rate_that_is_none_is_refused(dollars: Actor, rate: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        currencies.set_rate(dollars, "USD", date(2026, 7, 1), Decimal(rate))
    assert refused.value.errors[0].field == "rate"


@pytest.mark.parametrize("code", ["CNY", "EUR"])
def test_rate_belongs_to_another_currency_in_use(dollars: Actor, code: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        currencies.set_rate(dollars, code, date(2026, 7, 1), Decimal(8))
    assert refused.value.errors[0].field == "code"


def test_currency_goes_out_of_use_and_comes_back(dollars: Actor) -> None:
    assert currencies.active_currencies() == ("CNY", "USD")
    currencies.retire_currency(dollars, "USD")
    assert currencies.active_currencies() == ("CNY",)
    assert currencies.currencies_in_use(dollars) == {"CNY"}
    currencies.add_currency(dollars, "USD")
    assert Currency.objects.get(code="USD").is_active


def test_base_currency_stays_in_use(dollars: Actor) -> None:
    with pytest.raises(StateConflict):
        currencies.retire_currency(dollars, "CNY")


@pytest.mark.parametrize("code", ["usd", "US", "", "ＵＳＤ", None])
def test_code_is_one_of_iso_4217(admin_actor: Actor, code: Any) -> None:
    with pytest.raises(ValidationFailed):
        currencies.add_currency(admin_actor, code)


def test_only_who_manages_the_organisation_sets_rates(actor_for: Any) -> None:
    rep = actor_for(make.user())
    for call in (
        lambda: currencies.add_currency(rep, "USD"),
        lambda: currencies.retire_currency(rep, "USD"),
        lambda: currencies.set_rate(rep, "USD", date(2026, 1, 1), Decimal(7)),
    ):
        with pytest.raises(Forbidden):
            call()


def test_contexts_know_how_the_organisation_counts(admin_actor: Actor) -> None:
    OrganizationSettings.objects.update(week_start=7, fiscal_year_start_month=4)
    now = datetime(2026, 3, 15, tzinfo=UTC)
    ctx = clean_context(admin_actor, now, currency="USD")
    assert (ctx.calendar, ctx.currency, ctx.now) == (Calendar(7, 4), "USD", now)
    assert ctx.currencies == {"CNY"}
    assert display_context(admin_actor, now).currency == "CNY"


# --- records ---------------------------------------------------------------------------------------------------


@pytest.fixture
def deals(dollars: Actor) -> Actor:
    services.create_object(dollars, ObjectInput("deal__c", "Deal", fields=[]))
    services.add_field(dollars, "deal__c", FieldInput("amount__c", "currency", "Amount"))
    return dollars


def amounts(actor: Actor, record_id: Any) -> tuple[Any, Any, Any]:
    found = RecordQuery(actor, "deal__c").fields("currency", "amount__c").get(record_id)
    return found["currency"], found["amount__c"], found["amount__c_base"]


def test_amount_is_kept_with_its_worth_in_the_base_currency(deals: Actor) -> None:
    currencies.set_rate(deals, "USD", timezone.now().date() - timedelta(days=2), Decimal("7.12345678"))
    svc = RecordService(deals)
    home = svc.create("deal__c", {"name": "A", "amount__c": "100"}).id
    away = svc.create("deal__c", {"name": "B", "amount__c": "100", "currency": "USD"}).id
    assert amounts(deals, home) == ("CNY", "100.00", "100.00")
    assert amounts(deals, away) == ("USD", "100.00", "712.35")


def test_base_amount_follows_the_records_currency(deals: Actor) -> None:
    svc = RecordService(deals)
    record_id = svc.create("deal__c", {"name": "A", "amount__c": "100"}).id
    currencies.set_rate(deals, "USD", timezone.now().date() - timedelta(days=2), Decimal(8))
    svc.update("deal__c", record_id, {"currency": "USD"})
    assert amounts(deals, record_id) == ("USD", "100.00", "800.00")


def test_later_rate_leaves_written_amounts_alone(deals: Actor) -> None:
    currencies.set_rate(deals, "USD", timezone.now().date() - timedelta(days=2), Decimal(8))
    svc = RecordService(deals)
    record_id = svc.create("deal__c", {"name": "A", "amount__c": "100", "currency": "USD"}).id
    currencies.set_rate(deals, "USD", timezone.now().date() - timedelta(days=1), Decimal(9))
    svc.update("deal__c", record_id, {"name": "B"})
    assert amounts(deals, record_id) == ("USD", "100.00", "800.00")


def test_amount_without_a_rate_is_refused_at_the_field(deals: Actor) -> None:
    currencies.add_currency(deals, "EUR")
    with pytest.raises(ValidationFailed) as refused:
        RecordService(deals).create("deal__c", {"name": "A", "amount__c": "1", "currency": "EUR"})
    assert [(error.field, error.code) for error in refused.value.errors] == [("amount__c", "invalid_choice")]


def test_currency_that_is_not_in_use_is_refused(deals: Actor) -> None:
    with pytest.raises(ValidationFailed) as refused:
        RecordService(deals).create("deal__c", {"name": "A", "currency": "JPY"})
    assert [(error.field, error.code) for error in refused.value.errors] == [("currency", "invalid_choice")]
