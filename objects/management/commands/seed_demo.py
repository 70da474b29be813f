"""Fill an organisation with the demo's people and records."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm_platform.kit.errors import PlatformError
from crm_platform.tenancy.context import tenant_context
from crm_platform.tenancy.models import Organization
from metadata.compiler.current import pinned_snapshot
from objects.demo.install import demo_actor, fill, logins


class Command(BaseCommand):
    help = "Applies the CRM package to an organisation without records, and fills it with the demo."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", default="demo", help="the organisation's short name")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        organization = Organization.objects.filter(slug=options["organization"]).first()
        if organization is None:
            raise CommandError(f"there is no organisation {options['organization']!r}")
        with tenant_context(organization.schema_name), pinned_snapshot():
            try:
                counts = fill(demo_actor())
            except PlatformError as error:
                raise CommandError(str(error.message)) from None
        summary = ", ".join(f"{count} {name}" for name, count in counts.items())
        self.stdout.write(f"seeded in {time.monotonic() - started:.1f} s: {summary}")
        self.stdout.write(logins())
