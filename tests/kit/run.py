"""`make test`: bring up what the suite needs, then run pytest, one process more than there are cores: some wait."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from crm_platform.launcher import frontend
from crm_platform.launcher.errors import LaunchError
from crm_platform.launcher.places import ROOT
from tests.kit.servers import ensure_servers

PACKAGES = ("chromium", "fonts-noto-cjk")


def main() -> int:
    """Return pytest's exit code; arguments are passed on to it."""
    os.chdir(ROOT)
    os.environ["PYTHONPATH"] = str(ROOT)
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    (ROOT / "var").mkdir(exist_ok=True)
    try:
        _require_browser()
        frontend.build(ROOT / "var" / "frontend.log")
        ensure_servers()
    except LaunchError as error:
        print(f"crm: {error}", file=sys.stderr)
        return 1
    subprocess.run([sys.executable, "manage.py", "compile_translations"], check=True, stdout=subprocess.DEVNULL)
    given = sys.argv[1:]
    parallel = [] if "-n" in given else ["-n", str(1 + max(2, os.cpu_count() or 2)), "--dist", "loadgroup"]
    return subprocess.call([sys.executable, "-m", "pytest", *parallel, *given])


def _require_browser() -> None:
    """Install Chromium and CJK fonts by apt when we may, else say exactly what to install."""
    if _has_browser() and _has_fonts():
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends", *PACKAGES]
    if os.geteuid() == 0 and Path("/usr/bin/apt-get").exists():
        quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
        subprocess.run(["apt-get", "update"], **quiet)
        if subprocess.run(command, **quiet).returncode == 0:
            return
    raise LaunchError(f"the browser tests need Chromium and Chinese fonts: sudo {' '.join(command)}")


def _has_browser() -> bool:
    return any(
        Path(path).exists() for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
    )


def _has_fonts() -> bool:
    return any(Path("/usr/share/fonts").rglob("NotoSansCJK*")) or any(Path("/usr/share/fonts").rglob("wqy*"))


if __name__ == "__main__":
    sys.exit(main())
