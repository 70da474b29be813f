"""Production: https only, a secret key of its own, no default database."""

from crm_platform.config import env
from crm_platform.config.settings.base import *  # noqa: F403

SECRET_KEY = env.text("SECRET_KEY")
SITE_ADDRESS = env.text("SITE_ADDRESS", "https://{domain}")
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", True)
SECURE_REDIRECT_EXEMPT = [r"^health/"]  # probes speak plain http
if env.flag("BEHIND_TLS_PROXY"):  # only then is the header the proxy's word, and not any client's
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = env.number("SECURE_HSTS_SECONDS", 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
