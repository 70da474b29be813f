"""A small benchmark run: all servers give the same answers, and every figure is measured."""

from __future__ import annotations

import os
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from tests.benchmarks.place import ROOT
from tests.benchmarks.report import Target


@pytest.fixture
def small_run(django_db_setup: None) -> subprocess.CompletedProcess[str]:
    """A run on 500 leads, from a copy of the test database's migrated schemas."""
    own = str(settings.DATABASES["default"]["NAME"])
    url = urlsplit(os.environ["DATABASE_URL"])
    environment = {
        **os.environ,
        "DATABASE_URL": url._replace(path=f"/{own}").geturl(),
        "BENCH_TEMPLATE": f"test_{url.path.lstrip('/')}_base",
        "BENCH_ROWS": "500",
        "BENCH_SECONDS": "0.1",
        "BENCH_DROP": "1",
        "BENCH_PARTS": "servers",  # the other parts have tests of their own
    }
    command = [sys.executable, "-m", "tests.benchmarks"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)


def test_product_twin_and_bare_sql_answer_alike_and_are_measured(small_run: subprocess.CompletedProcess[str]) -> None:
    assert small_run.returncode == 0, small_run.stdout + small_run.stderr
    lines = small_run.stdout.splitlines()
    servers = [line.split("|")[2].strip() for line in lines if line.startswith("|") and line.count("|") > 5]
    assert (servers.count("product"), servers.count("Django + DRF twin"), servers.count("bare SQL")) == (7, 6, 6)
    assert not any("not measured" in line for line in lines)


@pytest.mark.parametrize(
    ("value", "more", "verdict"), [(2.0, True, "ok"), (1.9, True, "MISSED"), (2.1, False, "MISSED")]
)
def test_target_says_whether_it_is_met(value: float, more: bool, verdict: str) -> None:
    assert Target("x", value, 2, more).verdict == verdict
    assert Target("x", None, 2, more).verdict == "not measured"
