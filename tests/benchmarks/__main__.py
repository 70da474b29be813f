"""`make bench`: data, servers, measurements, one table. Ends everything that it started."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path


def main() -> int:
    from tests.benchmarks import place  # the callers' processes import this module and need none of it

    name = place.enter()
    from tests.benchmarks.session import run

    rows = int(os.environ.get("BENCH_ROWS") or 1_000_000)
    started = time.monotonic()
    tell(f"crm: measuring on {rows:,} leads, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, get_context("spawn").Pool(8) as pool:
        missed = run(name, rows, Path(folder), pool, tell)
    if os.environ.get("BENCH_DROP"):
        place.drop_database(name)
    tell(f"crm: {time.monotonic() - started:.0f} s, load {os.getloadavg()[0]:.1f} at the end; {missed} targets missed")
    return 0


def tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
