"""The composition root. Importing it makes the Celery application the current one, for senders too."""

from crm_platform.config.celery import app as celery_app

__all__ = ["celery_app"]
