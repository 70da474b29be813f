"""Apply a package of metadata to an organisation, or show what that would do."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import PlatformError, ValidationFailed
from crm_platform.tenancy.context import tenant_context
from crm_platform.tenancy.models import Organization
from metadata.loader import load_spec
from metadata.packages.portable import CRM_PACKAGE, PackageSpec, apply, deleted_here, diff, load_package


class Command(BaseCommand):
    help = "Applies a package (a folder of YAML documents) to an organisation; a second time changes nothing."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("package", help="“crm” for the shipped one, or a folder")
        parser.add_argument("--organization", default="demo", help="the organisation's short name")
        parser.add_argument("--diff", action="store_true", help="only show what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = Organization.objects.filter(slug=options["organization"]).first()
        if organization is None:
            raise CommandError(f"there is no organisation {options['organization']!r}")
        path = CRM_PACKAGE if options["package"] == "crm" else Path(options["package"])
        with tenant_context(organization.schema_name):
            try:
                package = load_package(path)
                changes = self._run(package, is_diff=options["diff"])
            except ValidationFailed as failure:
                lines = [f"{error.field}: {error.message}" for error in failure.errors]
                raise CommandError("\n".join([str(failure.message), *lines])) from None
            except PlatformError as error:
                raise CommandError(str(error.message)) from None
        for change in changes:
            self.stdout.write(str(change))
        done = "would change" if options["diff"] else "changed"
        self.stdout.write(f"{package.name} {package.version}: {len(changes)} {done}")

    @staticmethod
    def _run(package: PackageSpec, *, is_diff: bool) -> list[Any]:
        if is_diff:
            return diff(package, load_spec(), deleted=deleted_here())
        return apply(system_actor("package", via="command"), package)
