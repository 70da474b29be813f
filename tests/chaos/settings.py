"""Settings of the workers that the chaos tests start and kill."""

import os

from crm_platform.config.settings.test import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.chaos.kinds.ChaosConfig"]  # noqa: F405

# Where the test's own process keeps files, too: memory is not shared between processes.
STORAGES = {  # type: ignore[no-redef]
    **STORAGES,  # noqa: F405
    "files": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": os.environ["CHAOS_FILES"], "allow_overwrite": True},
    },
}
