"""Where the launcher keeps things: data that stays, and sockets that go with the processes.

PostgreSQL refuses to run as root. Started by root, the embedded servers therefore run as a system user of
their own, out of a folder that this user may read, under /var/lib: no permission of any existing folder is
touched, so that a private home stays private.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from crm_platform.launcher.errors import LaunchError

ROOT = Path(__file__).resolve().parents[2]
SYSTEM_USER = "crm-platform"
SYSTEM_STATE = Path("/var/lib/crm-platform")
FREE_BYTES_NEEDED = 1_000_000_000


@dataclass(frozen=True)
class Places:
    """`state` keeps data, `runtime` holds sockets; `user` is who the embedded servers run as (None: we)."""

    state: Path
    runtime: Path
    user: str | None

    @property
    def logs(self) -> Path:
        return self.state / "log"

    def own(self, folder: Path, mode: int = 0o700) -> Path:
        """Make a folder that belongs to the servers' user; returns it."""
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
        if self.user is not None:
            entry = pwd.getpwnam(self.user)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        return folder

    def binaries(self, site: Path, *packages: str) -> Path:
        """Return the folder in which the servers' user finds `packages`: their own, or one with copies of them."""
        if self.user is None:
            return site
        stamp = ":".join(f"{name}:{(site / name).stat().st_mtime_ns}" for name in packages)
        copy = SYSTEM_STATE / "bin" / hashlib.sha256(f"{site}:{stamp}".encode()).hexdigest()[:12]
        if not copy.exists():
            copy.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            partial = Path(tempfile.mkdtemp(dir=copy.parent))
            for name in packages:
                shutil.copytree(site / name, partial / name, symlinks=True)
            partial.chmod(0o755)
            partial.rename(copy)
        return copy


def find_places(state: Path | None = None) -> Places:
    """Return the places of this checkout (or of `state`, for tests), making what is missing."""
    user = _system_user() if os.geteuid() == 0 else None
    key = hashlib.sha256(str(state or ROOT).encode()).hexdigest()[:10]
    if user is not None:
        SYSTEM_STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
        where = SYSTEM_STATE / key
    else:
        where = state or ROOT / "var"
    places = Places(where, _private_folder(Path(tempfile.gettempdir()) / f"crm-{os.geteuid()}-{key}"), user)
    places.state.mkdir(mode=0o755, parents=True, exist_ok=True)
    places.logs.mkdir(mode=0o755, exist_ok=True)
    if user is not None:
        places.own(places.runtime)
    _require_space(places.state)
    return places


def _system_user() -> str:
    """Return the name of the system user that the servers run as, making it on the first run."""
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--home-dir", str(SYSTEM_STATE)]
        done = subprocess.run([*command, "--shell", "/usr/sbin/nologin", SYSTEM_USER], capture_output=True, text=True)
        if done.returncode != 0:
            raise LaunchError(f"can't make the system user {SYSTEM_USER}: {done.stderr.strip()}") from None
    return SYSTEM_USER


def _private_folder(folder: Path) -> Path:
    """Return a folder in a shared place that nobody else could have laid out for us."""
    allowed = {os.geteuid()}
    if os.geteuid() == 0:
        allowed.add(pwd.getpwnam(SYSTEM_USER).pw_uid)
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in allowed or found.st_mode & 0o077:
        raise LaunchError(f"{folder} belongs to somebody else: remove it")
    return folder


def _require_space(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < FREE_BYTES_NEEDED:
        raise LaunchError(f"the disk is full: {folder} has {free // 1_000_000} MB left, at least 1,000 MB are needed")
