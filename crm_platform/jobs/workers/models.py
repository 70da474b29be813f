"""The worker processes of the installation, as they last reported."""

from __future__ import annotations

from django.db import models


class WorkerHeartbeat(models.Model):
    """A worker process that reported not long ago; rows of dead ones are swept away."""

    name = models.CharField(max_length=120, primary_key=True)  # host:pid
    version = models.CharField(max_length=40)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    drains = models.BigIntegerField(default=0)
    jobs = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["seen_at"], name="worker_seen_at")]
