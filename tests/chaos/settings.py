"""Settings of the workers that the chaos tests start and kill."""

from crm_platform.config.settings.test import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.chaos.kinds.ChaosConfig"]  # noqa: F405
