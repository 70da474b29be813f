"""The test suite: the dev settings with fast hashing and plain static files."""

from crm_platform.config.settings.dev import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "files": {"BACKEND": "django.core.files.storage.InMemoryStorage"},  # gone with the process, like the database
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
}
ALLOWED_HOSTS = ["*"]
TENANT_HOST_CACHE_SECONDS = 3600  # so that query counts do not depend on the clock
SIGN_IN_FRESH_MINUTES = 24 * 60  # of sessions that a whole run shares
