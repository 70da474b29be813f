"""Whether everything that must always hold does, in every organisation or in one."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm_platform.tenancy.context import tenant_context
from crm_platform.tenancy.models import Organization
from metadata.compiler.current import pinned_snapshot
from objects.invariants import violations


class Command(BaseCommand):
    help = "Tells what does not hold that must: tables, counts of what people hold, logs. Fails when anything is found."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", help="the name in addresses of one organisation; all of them without it")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = Organization.objects.filter(is_template=False).order_by("slug")
        if options["organization"]:
            rows = rows.filter(slug=options["organization"])
            if not rows:
                raise CommandError("There is no such organisation.")
        found = 0
        for organization in rows:
            with tenant_context(organization.schema_name), pinned_snapshot():
                told = violations()
            found += len(told)
            for text in told:
                self.stdout.write(f"{organization.slug}: {text}")
        if found:
            raise CommandError("Not everything holds.")
        self.stdout.write("Everything holds.")
