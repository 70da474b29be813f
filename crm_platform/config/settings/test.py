"""The test suite: the dev settings with fast hashing and plain static files."""

from crm_platform.config.settings.dev import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
ALLOWED_HOSTS = ["*"]
TENANT_HOST_CACHE_SECONDS = 3600  # so that query counts do not depend on the clock
