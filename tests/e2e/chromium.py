"""Where the browser is: Debian's Chromium, which `make test` installs when it may."""

from __future__ import annotations

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")


def executable() -> str:
    """Return the browser's path; without one the tests stop with a sentence that says what to install."""
    wanted = os.environ.get("CHROMIUM")
    found = wanted or next((path for path in map(shutil.which, NAMES) if path), None)
    assert found, "no browser: install it with `apt-get install chromium fonts-noto-cjk`, or set CHROMIUM"
    return found
