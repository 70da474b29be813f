"""The rules by which records of a pool return."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from crm_platform.console.forms import form_status
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import NotFound, ValidationFailed
from workflows.pools.models import Clock, Pool, RecycleRule
from workflows.pools.services import settings
from workflows.pools.services.inputs import RecycleRuleInput
from workflows.pools.views.setup.pools import managers_only, sent, tabs, told
from workflows.pools.views.setup.rule_form import RuleForm


@dataclass(frozen=True)
class ShownRule:
    """A rule as the list shows it; `joint` says how it stands to the one before."""

    row: RecycleRule
    joint: str
    days_text: str

    @property
    def variants(self) -> int:
        return len(self.row.variants)


@require_safe
@managers_only
def pool_rules(request: ActorRequest, pool_id: uuid.UUID) -> HttpResponse:
    """Show the rules of a pool, group by group."""
    row = settings.get_pool(request.actor, pool_id)
    context = {"pool": row, "tabs": tabs(row, "pool-rules"), "rules": list(_shown(row, row.recycle_rules.all()))}
    return render(request, "workflows/settings/rules.html", context)


def _shown(pool: Pool, rows: Iterable[RecycleRule]) -> Iterable[ShownRule]:
    for _group, members in itertools.groupby(rows, key=lambda row: row.group):
        for place, row in enumerate(members):
            yield ShownRule(row, _("and") if place else _("or"), _days(pool, row))


def _days(pool: Pool, row: RecycleRule) -> str:
    if pool.clock == Clock.WORKDAYS:
        return ngettext("%(count)s working day", "%(count)s working days", row.days) % {"count": row.days}
    return ngettext("%(count)s day", "%(count)s days", row.days) % {"count": row.days}


@managers_only
def rule_new(request: ActorRequest, pool_id: uuid.UUID) -> HttpResponse:
    """Add a rule to a pool."""
    row = settings.get_pool(request.actor, pool_id)
    return _edit(request, row, RuleForm(sent(request), row, request.actor.language), None)


@managers_only
def rule_edit(request: ActorRequest, pool_id: uuid.UUID, recycle_rule_id: int) -> HttpResponse:
    """Show and change a rule of a pool."""
    row = settings.get_pool(request.actor, pool_id)
    rule = _rule(row, recycle_rule_id)
    return _edit(request, row, RuleForm(sent(request), row, request.actor.language, rule), rule)


def _edit(request: ActorRequest, pool: Pool, form: RuleForm, rule: RecycleRule | None) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        changed = RecycleRuleInput(**form.values(), id=rule.pk if rule else None)
        given = [changed if rule and row.pk == rule.pk else _input(row) for row in pool.recycle_rules.all()]
        try:
            settings.set_recycle_rules(request.actor, pool.pk, given if rule else [*given, changed])
        except ValidationFailed as failed:
            told(form, failed, {"condition": "condition_0", "variants": "condition_0"})
        else:
            messages.success(request, _("Saved: %(name)s") % {"name": changed.label})
            return redirect("pool-rules", pool_id=pool.pk)
    context = {"pool": pool, "form": form, "rule": rule}
    return render(request, "workflows/settings/rule.html", context, status=form_status(request))


@require_POST
@managers_only
def rule_delete(request: ActorRequest, pool_id: uuid.UUID, recycle_rule_id: int) -> HttpResponse:
    """Take a rule away."""
    row = settings.get_pool(request.actor, pool_id)
    rule = _rule(row, recycle_rule_id)
    kept = [_input(item) for item in row.recycle_rules.exclude(pk=rule.pk)]
    settings.set_recycle_rules(request.actor, pool_id, kept)
    messages.success(request, _("The rule is deleted."))
    return redirect("pool-rules", pool_id=pool_id)


def _rule(pool: Pool, rule_id: int) -> RecycleRule:
    found = pool.recycle_rules.filter(pk=rule_id).first()
    if found is None:
        raise NotFound
    return found


def _input(row: RecycleRule) -> RecycleRuleInput:
    names = ("label", "kind", "days", "variants", "settings", "group", "is_active")
    return RecycleRuleInput(**{name: getattr(row, name) for name in names}, id=row.pk)
