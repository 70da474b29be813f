"""Make an organisation from the command line."""

from __future__ import annotations

import secrets
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.text import slugify

from crm_platform.kit.errors import ValidationFailed
from crm_platform.tenancy.services import create_organization


class Command(BaseCommand):
    help = "Creates an organisation (a schema of its own), its administrator and its settings."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the organisation's name, as people see it")
        parser.add_argument("--domain", action="append", required=True, help="host name; the first is primary")
        parser.add_argument("--slug", help="short name for keys and files (default: from the first domain)")
        parser.add_argument("--admin", default="admin", help="the administrator's user name")
        parser.add_argument("--password", help="the administrator's password (default: made up and printed)")
        parser.add_argument("--language", default="zh-hans", choices=["zh-hans", "en"])
        parser.add_argument("--currency", default="CNY", help="base currency, ISO 4217")
        parser.add_argument("--time-zone", default="Asia/Shanghai")
        parser.add_argument("--empty", action="store_true", help="without the CRM's objects")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        password = options["password"] or secrets.token_urlsafe(12)
        slug = options["slug"] or slugify(options["domain"][0].split(".")[0])
        try:
            organization = create_organization(
                slug,
                options["name"],
                options["domain"],
                admin_username=options["admin"],
                admin_password=password,
                language=options["language"],
                base_currency=options["currency"],
                time_zone=options["time_zone"],
                packages=() if options["empty"] else ("crm",),
            )
        except ValidationFailed as failure:
            raise CommandError("; ".join(f"{e.field}: {e.message}" for e in failure.errors)) from None
        self.stdout.write(
            f"created {organization.slug} in schema {organization.schema_name} in {time.monotonic() - started:.1f} s"
        )
        if not options["password"]:
            self.stdout.write(f"sign in as {options['admin']} with the password {password}")
