"""The product's settings for a measurement: those of a developer's machine, static files by their plain names."""

from crm_platform.config.settings.dev import *  # noqa: F403

STORAGES = {
    **STORAGES,  # noqa: F405
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
ALLOWED_HOSTS = ["*"]
