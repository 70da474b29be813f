"""Currencies in use and their dated rates against the organisation's base currency."""

from __future__ import annotations

from django.db import models


class Currency(models.Model):
    """A currency that records may be in (ISO 4217)."""

    code = models.CharField(max_length=3, primary_key=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        default_permissions = ()
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class ExchangeRate(models.Model):
    """From `valid_from` on, one unit of the currency is worth `rate` units of the base currency."""

    currency = models.ForeignKey(Currency, on_delete=models.CASCADE, related_name="rates")
    valid_from = models.DateField()
    rate = models.DecimalField(max_digits=18, decimal_places=8)

    class Meta:
        default_permissions = ()
        ordering = ["currency", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["currency", "valid_from"], name="one_rate_per_currency_and_day"),
            models.CheckConstraint(condition=models.Q(rate__gt=0), name="rate_is_positive"),
        ]
