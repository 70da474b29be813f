"""Add records in volume, for measurements."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import PlatformError
from crm_platform.tenancy.context import tenant_context
from crm_platform.tenancy.models import Organization
from objects.demo.volume import seed_records
from objects.search.rebuild import request_rebuild


class Command(BaseCommand):
    help = "Adds plausible records of one object by the million; the table can't be used meanwhile."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--object", required=True, help="API name of the object")
        parser.add_argument("--count", type=int, required=True)
        parser.add_argument("--organization", default="demo", help="the organisation's short name")
        parser.add_argument("--search", action="store_true", help="also have them indexed for search, by a job")
        parser.add_argument("--seed", type=int, default=1, help="another number gives other values")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = Organization.objects.filter(slug=options["organization"]).first()
        if organization is None:
            raise CommandError(f"there is no organisation {options['organization']!r}")
        if options["count"] < 1:
            raise CommandError("--count must be 1 or more")
        actor = system_actor("seed", via="command")
        with tenant_context(organization.schema_name):
            try:
                done = seed_records(actor, options["object"], options["count"], timezone.now(), seed=options["seed"])
                if options["search"]:
                    request_rebuild(None, options["object"])
            except PlatformError as error:
                raise CommandError(str(error.message)) from None
        rate = done.rows / max(done.load_seconds, 0.001)
        self.stdout.write(
            f"{done.rows} rows in {done.load_seconds:.1f} s ({rate:,.0f} rows/s), prepared in"
            f" {done.prepare_seconds:.1f} s, indexes and statistics in {done.index_seconds:.1f} s"
        )
