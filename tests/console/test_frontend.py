"""The front end's own checks: types, and the tests of its behaviours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FRONTEND = Path(__file__).resolve().parents[2] / "crm_platform" / "frontend"
PACKAGES = FRONTEND / "node_modules"
BIN = Path(sys.executable).parent

pytestmark = pytest.mark.skipif(
    not PACKAGES.exists(), reason="the front end's packages are not installed: `npm ci` in crm_platform/frontend"
)


def node(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a script with the wheel's own node, in the folder of the front end."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    return subprocess.run(
        [str(BIN / "node"), *command], cwd=FRONTEND, env=environment, capture_output=True, text=True, check=False
    )


def test_types_fit() -> None:
    done = node("node_modules/typescript/bin/tsc", "--noEmit")
    assert done.returncode == 0, done.stdout


def test_behaviours_behave() -> None:
    done = node("node_modules/vitest/vitest.mjs", "run")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_lock_file_names_no_registry() -> None:
    assert '"resolved"' not in (FRONTEND / "package-lock.json").read_text()
