"""What `make up` runs at every start: on a fresh installation, make the demo organisation."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from crm_platform.tenancy.models import Organization
from crm_platform.tenancy.services import create_organization
from objects.demo.organization import STAFF

SHOWN = ("admin", "zhoumin", "chenhao", "chenjing")  # one of each kind


class Command(BaseCommand):
    help = "Makes the organisation demo with the CRM and Chinese demo data, if there is no organisation yet."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--logins", type=Path, help="file to which the logins are written")

    def handle(self, *args: Any, **options: Any) -> None:
        if Organization.objects.filter(is_template=False).exists():
            return
        self.stdout.write("First start: making the organisation demo with Chinese demo data …")
        create_organization(
            "demo", "华信智能科技", ["localhost"], admin_password=settings.DEMO_PASSWORD, packages=["crm"]
        )
        call_command("seed_demo", "--organization", "demo", stdout=self.stdout)
        if options["logins"]:
            options["logins"].write_text(logins())


def logins() -> str:
    """Return the demo logins as people read them."""
    lines = [f"  Sign in with the password {settings.DEMO_PASSWORD} as"]
    lines += [
        f"    {member.username:<10} {member.name}  {member.title}" for member in STAFF if member.username in SHOWN
    ]
    return "\n".join(lines) + "\n"
