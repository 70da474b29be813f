"""Settings that hold everywhere; dev, test and prod add what differs."""

from __future__ import annotations

from crm_platform.config import env
from crm_platform.config.logging import logging_settings

BASE_DIR = env.BASE_DIR
VERSION = "0.1.0"

SECRET_KEY = env.text("SECRET_KEY", "")
DEBUG = False
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")

SHARED_APPS = ["django_tenants", "crm_platform.tenancy", "crm_platform.jobs.workers"]
TENANT_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "guardian",
    "crm_platform.identity",
    "crm_platform.events",
    "crm_platform.jobs",
    "crm_platform.audit",
    "crm_platform.files",
    "crm_platform.notifications",
    "metadata",
    "objects",
    "workflows",
    "layouts",
    "openapi",
]
INSTALLED_APPS = [
    *SHARED_APPS,
    *TENANT_APPS,
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "treebeard",
    "rest_framework",
    "django_filters",
    "drf_spectacular_sidecar",
    "crm_platform.console",
    "django.forms",  # its widget templates, which FORM_RENDERER looks up after the console's own
    "crm_platform.config",
]

MIDDLEWARE = [
    "crm_platform.config.middleware.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "crm_platform.config.health.HealthMiddleware",
    "crm_platform.tenancy.middleware.OrganizationMiddleware",
    "metadata.middleware.SnapshotMiddleware",
    "crm_platform.config.api_lane.ApiLane",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "crm_platform.identity.middleware.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "crm_platform.console.middleware.PlatformErrorMiddleware",
]

ROOT_URLCONF = "crm_platform.config.urls"
WSGI_APPLICATION = "crm_platform.config.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.template.context_processors.tz",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "crm_platform.console.context.shell",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Database and tenancy -------------------------------------------------------------------------------
DATABASES = {"default": env.database("DATABASE_URL", "postgresql://crm@127.0.0.1:5433/crm")}
DATABASES["default"]["CONN_MAX_AGE"] = env.number("DB_CONN_MAX_AGE", 600)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["OPTIONS"]["options"] = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "statement_timeout": f"{env.number('DB_STATEMENT_TIMEOUT', 10)}s",
        "idle_in_transaction_session_timeout": "30s",
        "lock_timeout": "2s",
        "timezone": "UTC",
        "jit": "off",
        "plan_cache_mode": "force_generic_plan",  # what kit.hot and kit.db prepare leaves open only keys
    }.items()
)
DATABASES["default"]["OPTIONS"].setdefault("connect_timeout", "5")
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
TENANT_MODEL = "tenancy.Organization"
TENANT_DOMAIN_MODEL = "tenancy.Domain"
TENANT_LIMIT_SET_CALLS = True
TENANT_TEMPLATE_SCHEMA = "template_organization"
TENANT_HOST_CACHE_SECONDS = 5
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEST_RUNNER = "django.test.runner.DiscoverRunner"

# --- Identity -------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "identity.User"
AUTHENTICATION_BACKENDS = ["crm_platform.identity.auth.OrganizationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [  # besides the organisation's own policy
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
SIGN_IN_FRESH_MINUTES = 15  # so long a sign-in is enough for what needs a fresh one
DEMO_PASSWORD = env.text("DEMO_PASSWORD", "crm-demo-2026")  # of the users that `seed_demo` makes
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "/"
ANONYMOUS_USER_NAME = None
GUARDIAN_RAISE_403 = False
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]  # grants are read once per request by objects.access, not by a backend

# --- Language, time -------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = ["crm_platform.config.formats"]
TIME_ZONE = "UTC"
LOCALE_PATHS = [BASE_DIR / "crm_platform" / "locale"]

# --- Static files ---------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
STATICFILES_DIRS = [("app", BASE_DIR / "crm_platform" / "frontend" / "dist")]
STORAGES = {
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    # Uploads: never below a public folder. Any storage of Django fits, such as storages.backends.s3.S3Storage.
    "files": {
        "BACKEND": env.text("FILE_STORAGE", "django.core.files.storage.FileSystemStorage"),
        "OPTIONS": env.mapping("FILE_STORAGE_OPTIONS")
        or {"location": env.data_folder("files"), "allow_overwrite": True, "directory_permissions_mode": 0o700},
    },
}
STORAGES["default"] = STORAGES["files"]

# --- Uploads ----------------------------------------------------------------------------------------------
FILE_MAX_BYTES = env.number("FILE_MAX_MB", 100) * 1024 * 1024  # of any file; fields may allow less
FILE_MAX_PIXELS = env.number("FILE_MAX_PIXELS", 50_000_000)  # of a picture, all its frames together
FILE_UPLOAD_HANDLERS = [
    "crm_platform.files.limits.UploadLimit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
FILE_UPLOAD_PERMISSIONS = 0o600

# --- Mail -----------------------------------------------------------------------------------------------
MAIL_SERVER = env.mail_server("EMAIL_URL")  # None: people are told in the console only
MAIL_FROM = env.text("EMAIL_FROM", "")  # the name beside it is the organisation's
# Mail servers that mailboxes may be read from although their address is not public: names, addresses, networks.
MAILBOX_HOSTS = env.words("MAILBOX_HOSTS")
SITE_ADDRESS = env.text("SITE_ADDRESS", "http://{domain}")  # in mails; {domain} is the organisation's first host name

# --- Redis, cache, Celery -------------------------------------------------------------------------------
REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6380/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_FUNCTION": "django_tenants.cache.make_key",
        "REVERSE_KEY_FUNCTION": "django_tenants.cache.reverse_key",
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    }
}
# What matters of Celery's settings, and why, is in the docstrings of crm_platform.jobs: rows are the queue.
CELERY_BROKER_URL = env.broker_url(REDIS_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "max_retries": 1,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for the broker for ever; its watch works meanwhile
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TRACK_STARTED = True
CELERY_TASK_SOFT_TIME_LIMIT = 270
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 2000
CELERY_WORKER_MAX_MEMORY_PER_CHILD = env.number("WORKER_MAX_MEMORY_KB", 512_000)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"  # keeps nothing: rows say what is due, beat only ticks
CELERY_BEAT_SCHEDULE = {
    "wake": {"task": "jobs.wake", "schedule": 5.0, "options": {"expires": 10}},
    "sweep": {"task": "jobs.sweep", "schedule": 180.0, "options": {"expires": 60}},
}
JOB_LEASE_SECONDS = env.number("JOB_LEASE_SECONDS", 60)
JOB_RENEW_SECONDS = env.number("JOB_RENEW_SECONDS", 15)
JOB_SLICE_SECONDS = env.number("JOB_SLICE_SECONDS", 120)  # then a long job yields; below the task time limit
JOB_WATCH_SECONDS = env.number("JOB_WATCH_SECONDS", 5)
WORK_UNIT_SCOPES = ["metadata.compiler.current.pinned_snapshot"]
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
SESSION_ENGINE = "crm_platform.identity.sessions"

# --- Encryption of fields (crm_platform.kit.sealing) --------------------------------------------------------
ENCRYPTION_KEYS = env.words("ENCRYPTION_KEYS")  # "id:secret", the present one first
BLIND_INDEX_SECRET = env.text("BLIND_INDEX_SECRET", "")

# --- Logging ----------------------------------------------------------------------------------------------
LOGGING = logging_settings(env.text("LOG_LEVEL", "INFO").upper(), env.text("LOG_FORMAT", "json"))

# --- Security -------------------------------------------------------------------------------------------
TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXY_COUNT", 0)  # how many proxies append to X-Forwarded-For
CSRF_FAILURE_VIEW = "crm_platform.console.views.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_USE_SESSIONS = False
CSRF_FAILURE_VIEW = "crm_platform.console.views.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 26 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

# --- Open API -------------------------------------------------------------------------------------------
# Calls per window of so many seconds, for each credential; 0: no limit.
API_BURST = (env.number("API_BURST_CALLS", 200), 10)
# Streams of events that one process serves at once, each in a thread of its own; 0: no limit.
API_STREAMS = env.number("API_STREAMS", 2)
REST_FRAMEWORK = {"EXCEPTION_HANDLER": "openapi.errors.handle"}

from csp.constants import NONCE, NONE, SELF  # noqa: E402

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
