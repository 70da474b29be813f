"""A developer's or an evaluator's machine: plain http on localhost."""

from crm_platform.config.settings.base import *  # noqa: F403

SECRET_KEY = SECRET_KEY or "development-only-secret-key-that-is-never-used-in-production"  # noqa: F405
