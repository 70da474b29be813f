"""The pools in which the caller takes part: `/pools/`, with what waits and how much he may still take."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.formats import number_format
from django.views.decorators.http import require_safe

from crm_platform.console.access import signed_in
from crm_platform.identity.requests import ActorRequest
from workflows.pools.services.quotas import Quota, quota
from workflows.pools.services.reading import waiting
from workflows.pools.services.seats import MANAGE, pools_of
from workflows.pools.views.common import WaitingDesk


@dataclass(frozen=True)
class PoolCard:
    """One pool as the overview shows it."""

    desk: WaitingDesk

    @cached_property
    def count_text(self) -> str:
        """How many records wait; "" where the caller does not see them."""
        if not self.desk.seat.may_look:
            return ""
        found = waiting(self.desk.seat).count("capped")
        shown: str = number_format(found.value, use_l10n=True, force_grouping=True)
        return shown if found.is_exact else f"{shown}+"

    @cached_property
    def quota(self) -> Quota:
        return quota(self.desk.actor, self.desk.pool)

    @property
    def is_full(self) -> bool:
        return self.quota.cap is not None and self.quota.used >= self.quota.cap


@require_safe
@signed_in
def pools(request: ActorRequest) -> HttpResponse:
    """Show the caller's pools."""
    cards = [PoolCard(WaitingDesk(request.actor, held)) for held in pools_of(request.actor)]
    context = {"cards": cards, "may_arrange": request.actor.has_function(MANAGE)}
    return render(request, "workflows/pools/mine.html", context)
