"""The bundle of the front end: built with the wheel's own npm when its sources have changed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from crm_platform.launcher.errors import LaunchError
from crm_platform.launcher.places import ROOT

FOLDER = ROOT / "crm_platform" / "frontend"
DIST = FOLDER / "dist"
STAMP = DIST / ".built-from"
SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
# Templates and Python count, too: the icon sprite and the kept CSS rules depend on what they use.
SOURCES = ("crm_platform", "metadata", "objects", "layouts", "workflows", "openapi")
SUFFIXES = {".ts", ".mjs", ".scss", ".json", ".html", ".svg", ".py", ".yaml"}
SKIPPED = {"node_modules", "dist", "build", "__pycache__", "migrations"}


def build(log: Path) -> bool:
    """Build the bundle unless it is up to date; returns whether it was built. Raises LaunchError."""
    wanted = _fingerprint()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return False
    binaries = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    if SYSTEM_CERTIFICATES.exists():  # Node brings certificates of its own and does not know the machine's
        environment.setdefault("NODE_EXTRA_CA_CERTS", str(SYSTEM_CERTIFICATES))
    steps = [["node", "build.mjs"]]
    if not _dependencies_are_current():
        steps.insert(0, ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"])
    with log.open("ab") as output:
        for step in steps:
            command = [str(binaries / step[0]), *step[1:]]
            done = subprocess.run(command, cwd=FOLDER, env=environment, stdout=output, stderr=output)
            if done.returncode != 0:
                raise LaunchError(f"the front end could not be built ({' '.join(step)}): see {log}")
    STAMP.write_text(wanted)
    return True


def _dependencies_are_current() -> bool:
    installed, locked = FOLDER / "node_modules" / ".package-lock.json", FOLDER / "package-lock.json"
    return installed.exists() and installed.stat().st_mtime >= locked.stat().st_mtime


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for source in SOURCES:
        for folder, folders, files in os.walk(ROOT / source):
            folders[:] = sorted(name for name in folders if name not in SKIPPED)
            for name in sorted(files):
                if Path(name).suffix in SUFFIXES:
                    path = Path(folder, name)
                    digest.update(str(path.relative_to(ROOT)).encode())
                    digest.update(path.read_bytes())
    return digest.hexdigest()
