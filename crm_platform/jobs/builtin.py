"""The jobs that keep this part itself tidy, and what it does for a new organisation."""

from __future__ import annotations

from datetime import time, timedelta

from django.utils.translation import gettext_lazy as _

from crm_platform.console.navigation import NavItem
from crm_platform.console.navigation import register as register_page
from crm_platform.events.clock import database_now
from crm_platform.events.consumers import consumers
from crm_platform.events.consumption import replay_dead_letters
from crm_platform.events.services import PURGE_BATCH, purge
from crm_platform.identity.sign_in_models import Session
from crm_platform.jobs.context import JobContext
from crm_platform.jobs.drain import arm
from crm_platform.jobs.kinds import register_job
from crm_platform.jobs.models import Job, ScheduleFiring
from crm_platform.jobs.schedules import ensure_schedules, register_schedule
from crm_platform.tenancy.hooks import NewOrganization, OrganizationHook, organization_created

KEEP_JOBS = timedelta(days=30)
KEEP_FIRINGS = timedelta(days=7)
DELETE_BATCH = 1000


def purge_outbox(context: JobContext) -> dict[str, int]:
    """Delete messages of the outbox that are old and that every consumer has read."""
    deleted = 0
    while batch := purge():
        deleted += batch
        context.progress(deleted)
        if batch < PURGE_BATCH:
            break
    return {"deleted": deleted}


def purge_jobs(context: JobContext) -> dict[str, int]:
    """Delete jobs that were over a month ago, and old turns of schedules."""
    now, deleted = database_now(), 0
    finished = Job.objects.exclude(state__in=Job.UNFINISHED).filter(finished_at__lt=now - KEEP_JOBS)
    while ids := list(finished.values_list("pk", flat=True)[:DELETE_BATCH]):
        deleted += Job.objects.filter(pk__in=ids).delete()[0]
        context.progress(deleted)
    ScheduleFiring.objects.filter(at__lt=now - KEEP_FIRINGS).delete()
    return {"deleted": deleted}


def purge_sessions(_context: JobContext) -> dict[str, int]:
    """Delete sessions that have run out."""
    return {"deleted": Session.objects.filter(expire_date__lt=database_now()).delete()[0]}


def replay(context: JobContext) -> dict[str, int]:
    """Offer what a consumer set aside to it again."""
    taken, refused = replay_dead_letters(consumers.get(context.args["consumer"]))
    return {"taken": taken, "refused": refused}


def begin_schedules(_new: NewOrganization) -> None:
    """Give a new organisation its schedules and the wake-up for the first of them."""
    ensure_schedules()
    arm()


def register() -> None:
    """Fill the registries; called once, when Django starts."""
    register_job("events.purge", purge_outbox, _("Delete old events"))
    register_job("events.replay", replay, _("Process events that were set aside"))
    register_job("jobs.purge", purge_jobs, _("Delete old jobs"))
    register_job("jobs.purge_sessions", purge_sessions, _("Delete old sessions"))
    register_schedule("jobs.purge_sessions", daily_at=time(3, 30))
    register_schedule("events.purge", daily_at=time(3, 10))
    register_schedule("jobs.purge", daily_at=time(3, 20))
    organization_created.register(OrganizationHook("jobs.schedules", 900, begin_schedules))
    register_page(
        NavItem("jobs", _("Jobs"), "list-check", "jobs", "admin", permission="identity.view_system", position=80)
    )
    register_page(
        NavItem("system", _("System"), "server", "system", "admin", permission="identity.view_system", position=90)
    )
