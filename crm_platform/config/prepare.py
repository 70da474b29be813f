"""`python -m crm_platform.config.prepare`: everything between new code and a running server, in one process."""

from __future__ import annotations

import sys

import django
from django.core.management import CommandError, call_command


def main(logins: str) -> int:
    """Migrate, compile translations, collect static files, make the demo on a fresh installation."""
    django.setup()
    try:
        call_command("prepare_database")
        call_command("compile_translations")
        call_command("collectstatic", interactive=False, verbosity=0, skip_checks=True)
        call_command("install_demo", "--logins", logins)
    except CommandError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
