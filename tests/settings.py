"""The settings of a test run: brings up database and Redis itself when the environment names none."""

from tests.kit.servers import ensure_servers

ensure_servers()

from crm_platform.config.settings.test import *  # noqa: E402, F403
