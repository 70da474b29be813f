"""The kinds of jobs that the chaos tests run in real workers; an app of its own, so that workers know them."""

from __future__ import annotations

import os
import time
from typing import Any

from django.apps import AppConfig
from django.db import connection, transaction


class ChaosConfig(AppConfig):
    name = "tests.chaos"
    label = "chaos"

    def ready(self) -> None:
        from crm_platform.jobs.services import register_job

        register_job("chaos.steps", steps, "Write one row per step")
        register_job("chaos.die", die, "End the interpreter")
        register_job("chaos.nap", nap, "Sleep without a word")


def make_effects_table() -> None:
    """Create the table in which effects are counted, in the current organisation."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE chaos_effect (job uuid, step int, pid int, at timestamptz DEFAULT clock_timestamp())"
        )


def effects() -> list[tuple[Any, ...]]:
    """Return (job, step, times) of all effects."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT job, step, count(*) FROM chaos_effect GROUP BY job, step")
        return list(cursor.fetchall())


def steps(job: Any) -> dict[str, Any]:
    """Write a row per step, each in a transaction with the cursor, a pause before every commit."""
    done = (job.cursor or {"done": 0})["done"]
    while done < job.args["steps"]:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO chaos_effect (job, step, pid) VALUES (%s, %s, %s)", [job.job_id, done, os.getpid()]
                )
            time.sleep(job.args.get("pause", 0.02))
            done += 1
            job.save_cursor({"done": done}, done=done, total=job.args["steps"])
        job.check_abort()
    return {"done": done}


def die(job: Any) -> None:
    """End the process as a crash of the interpreter would."""
    os._exit(9)


def nap(job: Any) -> None:
    """Hold on for a while without touching the database."""
    time.sleep(job.args["seconds"])
