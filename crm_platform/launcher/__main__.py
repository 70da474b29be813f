"""`python -m crm_platform.launcher`: run the platform on this machine."""

from __future__ import annotations

import sys

from crm_platform.launcher.errors import LaunchError
from crm_platform.launcher.up import up


def main() -> int:
    """Run until stopped; 0 after a clean stop, 1 with one line that says what is wrong."""
    try:
        up()
    except LaunchError as error:
        print(f"crm: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
