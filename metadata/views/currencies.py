"""The pages on currencies: which are in use, and what they were worth from which day on."""

from __future__ import annotations

from datetime import date

from babel import Locale
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm_platform.console.access import function_required
from crm_platform.console.forms import form_status
from crm_platform.console.htmx import redirect
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import NotFound, PlatformError, ValidationFailed
from metadata import currencies
from metadata.forms.currency_forms import CurrencyForm, RateForm
from metadata.forms.errors import show_errors


def currency_name(code: str) -> str:
    """Return what people call a currency, in the current language."""
    names = Locale.parse(to_locale(get_language() or "en")).currencies
    return str(names.get(code, code))


@function_required(currencies.PERMISSION)
def currency_list(request: ActorRequest) -> HttpResponse:
    """Show the currencies and put another one into use."""
    rows = currencies.all_currencies(_today(request))
    in_use = frozenset(row.code for row in rows if row.is_active)
    form = CurrencyForm(request.POST or None, in_use=in_use)
    if request.method == "POST" and form.is_valid():
        currencies.add_currency(request.actor, form.cleaned_data["code"])
        messages.success(request, _("The currency is in use. Set its rate."))
        return redirect(request, "currency", form.cleaned_data["code"])
    named = [(row, currency_name(row.code)) for row in rows]
    context = {"rows": named, "form": form, "base": rows[0].code}
    return render(request, "metadata/currencies/list.html", context, status=form_status(request))


@function_required(currencies.PERMISSION)
def currency(request: ActorRequest, code: str) -> HttpResponse:
    """Show the rates of a currency and set one."""
    rows = currencies.all_currencies(_today(request))
    row = next((item for item in rows if item.code == code), None)
    if row is None:
        raise NotFound
    form = RateForm(request.POST or None, initial={"valid_from": _today(request)})
    if request.method == "POST" and form.is_valid():
        try:
            currencies.set_rate(request.actor, code, form.cleaned_data["valid_from"], form.cleaned_data["rate"])
        except ValidationFailed as failed:
            show_errors(failed, form)
        else:
            messages.success(request, _("The rate is set. Amounts that are stored stay as they are."))
            return redirect(request, "currency", code)
    rates = currencies.rates_of(code)
    context = {"row": row, "name": currency_name(code), "rates": rates, "form": form, "base": rows[0].code}
    return render(request, "metadata/currencies/detail.html", context, status=form_status(request))


@require_POST
@function_required(currencies.PERMISSION)
def currency_close(request: ActorRequest, code: str) -> HttpResponse:
    """Take a currency out of use."""
    currencies.rates_of(code)
    try:
        currencies.retire_currency(request.actor, code)
        messages.success(request, _("The currency is out of use. Records that are in it stay."))
    except PlatformError as error:
        messages.error(request, str(error.message))
    return redirect(request, "currencies")


@require_POST
@function_required(currencies.PERMISSION)
def currency_reopen(request: ActorRequest, code: str) -> HttpResponse:
    """Put a currency that was taken out of use back into it."""
    currencies.rates_of(code)
    currencies.add_currency(request.actor, code)
    messages.success(request, _("The currency is in use again."))
    return redirect(request, "currencies")


@require_POST
@function_required(currencies.PERMISSION)
def rate_remove(request: ActorRequest, code: str, day: str) -> HttpResponse:
    """Take a rate back."""
    try:
        valid_from = date.fromisoformat(day)
    except ValueError:
        raise NotFound from None
    currencies.remove_rate(request.actor, code, valid_from)
    messages.success(request, _("The rate is removed."))
    return redirect(request, "currency", code)


def _today(request: ActorRequest) -> date:
    return timezone.now().astimezone(request.actor.zone).date()
