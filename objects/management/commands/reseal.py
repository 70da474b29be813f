"""After a change of ENCRYPTION_KEYS: every organisation seals its values anew."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from crm_platform.jobs.services import enqueue
from crm_platform.tenancy.context import tenant_context
from crm_platform.tenancy.models import Organization
from objects.records.resealing import KIND


class Command(BaseCommand):
    help = "Queues a job in every organisation that encrypts its values with the first of ENCRYPTION_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        names = Organization.objects.exclude(is_template=True).values_list("schema_name", flat=True)
        for schema in list(names):
            with tenant_context(schema):
                enqueue(KIND, {}, dedupe_key=KIND)
        self.stdout.write(f"Queued in {len(names)} organisations; the page on jobs shows how they get on.")
