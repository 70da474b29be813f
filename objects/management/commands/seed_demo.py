"""Fill an organisation with the demo's people and records."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import PlatformError
from crm_platform.tenancy.context import tenant_context
from crm_platform.tenancy.models import Organization
from metadata.packages.portable import CRM_PACKAGE, apply, load_package
from objects.demo.load import load_demo
from objects.demo.organization import STAFF


class Command(BaseCommand):
    help = "Applies the CRM package and fills an empty organisation with demo data; does nothing when it has records."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", default="demo", help="the organisation's short name")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        organization = Organization.objects.filter(slug=options["organization"]).first()
        if organization is None:
            raise CommandError(f"there is no organisation {options['organization']!r}")
        actor = system_actor("demo", via="command", language="zh-hans", time_zone="Asia/Shanghai")
        with tenant_context(organization.schema_name):
            apply(actor, load_package(CRM_PACKAGE))
            try:
                counts = load_demo(actor, timezone.now())
            except PlatformError as error:
                raise CommandError(str(error.message)) from None
        summary = ", ".join(f"{count} {name}" for name, count in counts.items())
        self.stdout.write(f"seeded in {time.monotonic() - started:.1f} s: {summary}")
        names = ", ".join(f"{member.username} ({member.name}, {member.title})" for member in STAFF)
        self.stdout.write(f"sign in with the password {settings.DEMO_PASSWORD} as {names}")
