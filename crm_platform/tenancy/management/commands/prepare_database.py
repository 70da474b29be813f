"""Create extensions and the template schema, and migrate all schemas."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm_platform.tenancy.database import prepare_database
from crm_platform.tenancy.servers import server_problems


class Command(BaseCommand):
    help = "Brings the database to the state that this code needs; run it before every start of a new version."

    def handle(self, *args: Any, **options: Any) -> None:
        problems = server_problems()
        if problems:
            raise CommandError("; ".join(problems))
        migrated = prepare_database(verbosity=options["verbosity"])
        self.stdout.write(f"migrated: {', '.join(migrated)}" if migrated else "the database is up to date")
