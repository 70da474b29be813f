"""What access adds to the registries of lower layers: a nightly job, and where rules use fields."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm_platform.jobs.services import JobContext, register_job, register_schedule
from crm_platform.kit.errors import PlatformError
from metadata.compiler.spec import FieldSpec, ObjectSpec
from metadata.dependencies import Usage, UsageFinder, usage_finders
from objects.access import packages
from objects.access.models import RecordShare, RestrictionRule, SharingRule
from objects.query.conditions import from_json, leaves

EXPIRED = "access.remove_expired_shares"
BATCH = 5_000


def register() -> None:
    """Register the section of packages, the job and the finder; called once, from AppConfig.ready()."""
    packages.register()
    register_job(EXPIRED, remove_expired_shares, _("Remove shares of records whose time is over"))
    register_schedule(EXPIRED, daily_at=time(3, 20))
    usage_finders.register(UsageFinder("access_rules", usages))


def remove_expired_shares(job: JobContext) -> dict[str, int]:
    """Remove the shares whose time is over, some thousand at a time; they have opened nothing since."""
    removed = 0
    while True:
        with transaction.atomic():
            over = RecordShare.objects.filter(expires_at__lte=job.now).order_by("expires_at")
            ids = list(over.values_list("pk", flat=True)[:BATCH])
            count, _by_model = RecordShare.objects.filter(pk__in=ids).delete()
        removed += count
        job.progress(removed)
        if count < BATCH:
            return {"removed": removed}
        job.check_abort()


def usages(spec: ObjectSpec, field: FieldSpec) -> Iterator[Usage]:
    """Yield the sharing and restriction rules whose condition names the field, those switched off included."""
    for rule in SharingRule.objects.filter(business_object_id=spec.id, kind=SharingRule.Kind.CRITERIA):
        if field.api_name in _named(rule.condition):
            yield Usage(gettext("Sharing rule"), rule.label, reverse("sharing-rule-edit", args=[rule.uuid]))
    for row in RestrictionRule.objects.filter(business_object_id=spec.id):
        if field.api_name in _named(row.condition):
            yield Usage(gettext("Restriction rule"), row.label, reverse("restriction-rule-edit", args=[row.uuid]))


def _named(condition: object) -> set[str]:
    try:
        return {leaf.path for leaf in leaves(from_json(condition))}
    except PlatformError:
        return set()
