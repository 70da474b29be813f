"""The number of queries that things cost, kept in `tests/query_counts.json`; its diff is the review.

`UPDATE_QUERY_COUNTS=1 pytest …` writes the numbers as they are now.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection
from django.test.utils import CaptureQueriesContext

BASELINE = Path(__file__).resolve().parents[1] / "query_counts.json"
SWITCH = "UPDATE_QUERY_COUNTS"
BOOKKEEPING = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO", "SET search_path")


@contextmanager
def expected_query_count(name: str) -> Iterator[None]:
    """Fail when the block costs another number of queries than the baseline says under `name`."""
    with CaptureQueriesContext(connection) as captured:
        yield
    queries = [item["sql"] for item in captured.captured_queries if not item["sql"].startswith(BOOKKEEPING)]
    if os.environ.get(SWITCH):
        _write(name, len(queries))
        return
    wanted = json.loads(BASELINE.read_text()).get(name)
    assert wanted is not None, f"{name} has no query count yet: run with {SWITCH}=1 and look at the difference"
    listed = "\n".join(sql[:160] for sql in queries)
    assert len(queries) == wanted, f"{name}: {len(queries)} queries instead of {wanted}\n{listed}"


def _write(name: str, count: int) -> None:
    """Put one number into the file; several test processes may do so at once."""
    with BASELINE.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        counts = json.loads(file.read() or "{}")
        counts[name] = count
        file.seek(0)
        file.truncate()
        file.write(json.dumps(counts, indent=2, sort_keys=True) + "\n")
