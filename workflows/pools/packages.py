"""The section of packages that brings pools with their members and rules of return.

A package only adds pools: what an administrator has settled since, or taken away, must not come back with an update.
Members travel as far as other organisations know them: everybody, roles and groups.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from crm_platform.audit.models import AuditEntry
from crm_platform.identity.services import bump_access_version
from crm_platform.jobs.locality import organization_language
from crm_platform.kit.context import Actor
from crm_platform.kit.frozen import thaw
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import Labels
from metadata.models import BusinessObject, LabelTranslation
from metadata.packages.package import PackageChange
from metadata.packages.sections import Documents, PackageSection, package_sections
from metadata.packages.writing import label_value
from metadata.services.labels import save_translations
from objects.access.principals import EVERYONE, GROUP, ROLE, ROLE_BELOW, Principal
from workflows.pools.models import Pool, PoolMember, RecycleRule
from workflows.pools.services.inputs import CHANGEABLE, PoolInput, clean
from workflows.pools.services.settings import DELETED, said

KEY = "pools"
TRAVELLING = (EVERYONE, ROLE, ROLE_BELOW, GROUP)
RULE = ("label", "kind", "days", "variants", "settings", "group", "is_active")
LABELS = ("label", "description")
_USUAL = {name: PoolInput.__dataclass_fields__[name].default for name in CHANGEABLE if name != "label"}
_USUAL_RULE: Mapping[str, Any] = {"days": 0, "variants": [], "settings": {}, "group": 0, "is_active": True}


def export(object_names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the pools of the named objects; settings that have their usual value are left out."""
    rows = Pool.objects.filter(business_object__api_name__in=object_names).select_related("business_object")
    order = {name: index for index, name in enumerate(object_names)}
    found = sorted(rows, key=lambda row: (order[row.business_object.api_name], row.position, row.api_name))
    texts: dict[tuple[uuid.UUID, str], dict[str, str]] = defaultdict(dict)
    for text in LabelTranslation.objects.filter(target__in=[row.pk for row in found], attribute__in=LABELS):
        texts[text.target, text.attribute][text.locale] = text.text
    language = organization_language()
    return [_document(row, texts, language) for row in found]


def diff(documents: Documents) -> list[PackageChange]:
    """Return the pools to be added."""
    return [
        PackageChange("add", KEY, f"{wanted['object']}.{wanted['api_name']}", uuid.UUID(str(wanted["uuid"])))
        for wanted in _new(documents)
    ]


def apply(actor: Actor, documents: Documents) -> None:
    """Add what `diff` says."""
    objects = {row.api_name: row for row in BusinessObject.objects.filter(has_pools=True)}
    language = organization_language()
    new = [wanted for wanted in _new(documents) if wanted["object"] in objects]
    for wanted in new:
        _add(actor, objects[wanted["object"]], thaw(wanted), language)
    known = set(Pool.objects.values_list("pk", flat=True))
    for wanted in new:
        target = wanted.get("recycles_to")
        if target and uuid.UUID(str(target)) in known:
            Pool.objects.filter(pk=wanted["uuid"]).update(recycles_to=target)
    if new:
        bump_access_version()


def _add(actor: Actor, owner: BusinessObject, wanted: Mapping[str, Any], language: str) -> None:
    row = Pool(id=wanted["uuid"], business_object=owner, api_name=wanted["api_name"])
    for name in CHANGEABLE:
        if name in wanted and name != "recycles_to":
            setattr(row, name, _text(wanted[name], language) if name in LABELS else wanted[name])
    snapshot = current_snapshot()
    clean(actor, snapshot.object(owner.api_name) if owner.api_name in snapshot.spec.object_map else None, row)
    row.save(force_insert=True)
    save_translations(
        LabelTranslation(target=row.pk, attribute=name, locale=locale, text=text)
        for name in LABELS
        if isinstance(wanted.get(name), Mapping)
        for locale, text in wanted[name].items()
    )
    members = [(str(Principal.parse(item["principal"])), item.get("is_admin", False)) for item in wanted["members"]]
    PoolMember.objects.bulk_create(PoolMember(pool=row, principal=who, is_admin=a is True) for who, a in members)
    rules = [
        RecycleRule(pool=row, position=number, **{name: rule[name] for name in RULE if name in rule})
        for number, rule in enumerate(wanted.get("recycle_rules", ()))
    ]
    for rule in rules:
        rule.label = rule.label or _usual_label(rule, language)
    RecycleRule.objects.bulk_create(rules)


def _new(documents: Documents) -> list[Mapping[str, Any]]:
    """Return the documents of pools that there are not, and that nobody has taken away."""
    names = set(Pool.objects.values_list("business_object__api_name", "api_name"))
    ids = {str(key) for key in Pool.objects.values_list("pk", flat=True)}
    ids |= set(AuditEntry.objects.filter(action=DELETED).values_list("details__pool", flat=True))
    return [
        wanted
        for wanted in documents
        if str(wanted["uuid"]) not in ids and (wanted["object"], wanted["api_name"]) not in names
    ]


def _document(row: Pool, texts: Mapping[tuple[uuid.UUID, str], Mapping[str, str]], language: str) -> dict[str, Any]:
    values = {name: value for name, value in said(row).items() if value not in (_USUAL.get(name), list(_tuple(name)))}
    for name in LABELS:
        if name in values:
            values[name] = label_value(Labels({**texts.get((row.pk, name), {}), "": values[name]}))
    members = [
        {"principal": item.principal, **({"is_admin": True} if item.is_admin else {})}
        for item in row.members.order_by("pk")
        if Principal.parse(item.principal).kind in TRAVELLING
    ]
    rules = [_rule(rule, language) for rule in row.recycle_rules.all()]
    return {
        "object": row.business_object.api_name,
        "uuid": str(row.pk),
        "api_name": row.api_name,
        **values,
        "members": members,
        **({"recycle_rules": rules} if rules else {}),
    }


def _rule(rule: RecycleRule, language: str) -> dict[str, Any]:
    usual = {**_USUAL_RULE, "label": _usual_label(rule, language)}
    return {name: getattr(rule, name) for name in RULE if getattr(rule, name) != usual.get(name)}


def _usual_label(rule: RecycleRule, language: str) -> str:
    """Return what a rule without a name of its own is called in the organisation's language."""
    with override(language):
        return _("%(kind)s: %(days)d days") % {"kind": rule.get_kind_display(), "days": rule.days}


def _tuple(name: str) -> Sequence[Any]:
    usual = _USUAL.get(name)
    return usual if isinstance(usual, tuple) else ("",)


def _text(given: Any, language: str) -> str:
    """Return a text in the organisation's language, given as one text or by language."""
    if not isinstance(given, Mapping):
        return str(given)
    return str(given.get(language) or given.get("en") or next(iter(given.values()), ""))


def register() -> None:
    """Register the section; called once, when Django starts."""
    flow = ("scope", "uncounted", "exempt", "masked_fields", "order", "reasons", "cool_down_exempt", "reminder_days")
    package_sections.register(PackageSection(KEY, export, diff, apply, flow=flow, rows=("members", "recycle_rules")))
