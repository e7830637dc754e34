"""Settings, read from the environment, and defaults for development.

A `.env` file beside manage.py, or the file that ENV_FILE names, adds settings. A missing or malformed setting stops
the start with a message that names it. `docs/operations.md` lists every setting.
"""

import importlib.util
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from corsheaders.defaults import default_headers
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from devtools import localpg_server

from . import env as environment

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
environment.read_env_file(
    named=os.environ.get("ENV_FILE", ""), default=BASE_DIR / ".env"
)

# All files that AutomateHQ writes on this machine are in this folder.
VAR_DIR = BASE_DIR / env.str("AUTOMATEHQ_VAR", default="var")


def _setting(read: Any, name: str, **options: Any) -> Any:
    """Read a setting; raise `ImproperlyConfigured` with its name if it is malformed."""
    try:
        return read(name, **options)
    except ImproperlyConfigured as error:
        raise ImproperlyConfigured(f"{name} must be set in the environment.") from error
    except (ValueError, KeyError) as error:
        raise ImproperlyConfigured(
            f"{name} in the environment is malformed: {error}"
        ) from error


DEBUG: bool = _setting(environment.flag, "DEBUG", default=False)

if DEBUG:
    SECRET_KEY: str = _setting(
        env.str, "SECRET_KEY", default="for-development-only-" + "0" * 40
    )
else:
    SECRET_KEY = _setting(env.str, "SECRET_KEY")
    if len(SECRET_KEY) < 50:
        raise ImproperlyConfigured("SECRET_KEY must have at least 50 characters.")
JWT_SIGNING_KEY: str = _setting(env.str, "JWT_SIGNING_KEY", default=SECRET_KEY)

ALLOWED_HOSTS: list[str] = _setting(
    env.list,
    "ALLOWED_HOSTS",
    default=["localhost", "127.0.0.1", "[::1]"] if DEBUG else [],
)
CSRF_TRUSTED_ORIGINS: list[str] = _setting(env.list, "CSRF_TRUSTED_ORIGINS", default=[])
CORS_ALLOWED_ORIGINS: list[str] = _setting(env.list, "CORS_ALLOWED_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = (
    *default_headers,
    "idempotency-key",
    "if-none-match",
    "x-request-id",
)
CORS_EXPOSE_HEADERS = (
    "Content-Disposition",
    "ETag",
    "Idempotent-Replayed",
    "Retry-After",
    "X-Request-ID",
)
# The number of this installation's proxies that append to X-Forwarded-For; 0 trusts none.
TRUSTED_PROXIES: int = _setting(environment.whole_number, "TRUSTED_PROXIES", default=0)

# Applications

INSTALLED_APPS = [
    # Before django.contrib.auth, whose createsuperuser and changepassword commands AutomateHQ replaces.
    "accounts",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "automatehq.apps.AdminSiteConfig",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "corsheaders",
    "axes",
    "csp",
    "django_tasks",
    "businesses",
    "audit",
    "workforce",
    "workcards",
    "exports",
    "reports",
    "demo",
    "devtools",
    "automatehq.apps.AutomateHQConfig",
    # After exports, whose `db_worker` command also handles runs whose worker died.
    "django_tasks_db",
]

MIDDLEWARE = [
    "automatehq.middleware.request_id.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "csp.middleware.CSPMiddleware",
    "audit.event_origin.OriginMiddleware",
    # Outside of all middleware that queries the database.
    "automatehq.outages.OutageMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # The entry point of a business's scope: everything below runs inside it.
    "businesses.tenancy.middleware.TenancyMiddleware",
    "accounts.authentication.SignedInUserMiddleware",
    "automatehq.middleware.locale.PersonalLocaleMiddleware",
    # Inside the locale middleware, so that an error is in the user's language.
    "accounts.rechecks.RecheckMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

ROOT_URLCONF = "automatehq.urls"
WSGI_APPLICATION = "automatehq.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "automatehq" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Database: PostgreSQL, through psycopg2. Its row-level security is one of the three layers of isolation.

_database_url: str = _setting(env.str, "DATABASE_URL", default="")
if not _database_url:
    if not DEBUG:
        raise ImproperlyConfigured("DATABASE_URL must be set in the environment.")
    # `manage.py localpg stop` must not start the server that it stops.
    _database_url = localpg_server.database_url(
        VAR_DIR / "pg", start=sys.argv[1:2] != ["localpg"]
    )
try:
    DATABASES: dict[str, dict[str, Any]] = {"default": env.db_url_config(_database_url)}
except ValueError:
    # The message leaves out the original error, which quotes parts of the address and so perhaps of the password.
    raise ImproperlyConfigured(
        "DATABASE_URL in the environment is malformed."
    ) from None
if DATABASES["default"].get("ENGINE") != "django.db.backends.postgresql":
    raise ImproperlyConfigured(
        "DATABASE_URL must name a PostgreSQL database (postgres://…)."
    )
DATABASES["default"]["CONN_MAX_AGE"] = _setting(
    environment.whole_number, "CONN_MAX_AGE", default=60
)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# A host that does not respond must not block a request for minutes.
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# For separate logins, with which web and platform processes connect: see businesses/tenancy/process_roles.py.
TENANCY_PROCESS: str = _setting(
    environment.choice,
    "TENANCY_PROCESS",
    default="",
    of=("", "owner", "web", "console"),
)
_login = DATABASES["default"]["USER"] or "automatehq"
TENANCY_OWNER = _login
if TENANCY_PROCESS in ("web", "console"):
    TENANCY_OWNER = _login.removesuffix(f"_{TENANCY_PROCESS}")
    if _login == TENANCY_OWNER:
        raise ImproperlyConfigured(
            f"TENANCY_PROCESS is {TENANCY_PROCESS}: the login in DATABASE_URL must be the owner's name and "
            f"_{TENANCY_PROCESS}, and is {_login}."
        )
# The two group roles of this installation. Roles belong to the whole cluster, hence the owner's name in them.
TENANCY_TENANT_ROLE: str = _setting(
    env.str, "TENANCY_TENANT_ROLE", default=f"{TENANCY_OWNER}_tenant"
)
TENANCY_PLATFORM_ROLE: str = _setting(
    env.str, "TENANCY_PLATFORM_ROLE", default=f"{TENANCY_OWNER}_platform"
)
# Functions that read a request's signed credentials: path prefix → function(request) -> credentials or None.
TENANCY_CREDENTIALS = {
    "/api/": "accounts.authentication.credentials_of_bearer",
    "/admin/": "accounts.authentication.credentials_of_session",
}
# Paths that ignore credentials and run without a scope.
TENANCY_UNSCOPED_PATHS = (
    "/api/auth/login",
    "/api/auth/refresh",
    "/api/auth/logout",
    "/api/schema",
    "/api/docs",
    "/admin/login/",
    "/admin/logout/",
    "/admin/stop_acting/",
)

# Entered after the body was received and before the scope is opened: function(request) → context manager.
TENANCY_BEFORE_SCOPE = "accounts.password_hashing.place_for_request"

# The function that records rejected ids and values: see audit/cross_business.py.
TENANCY_UNKNOWN_ID = "audit.cross_business.report_unknown_id"

# Cache: in the database, so that counts are shared by all processes.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        # Far above the number of live entries: a counter that is culled early restarts from zero.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# Sign-in

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "accounts.login.BusinessBackend",
]
PASSWORD_HASHERS = [
    "accounts.password_hashing.Argon2Hasher",
    "accounts.password_hashing.PBKDF2Hasher",
]
# The limit of each process; a hash takes 100 MB.
PASSWORD_HASHES_AT_ONCE: int = _setting(
    environment.whole_number, "PASSWORD_HASHES_AT_ONCE", default=2, minimum=1
)
# “Already in use” responses per hour after which a business (each user: 20) must wait: see audit/cross_business.py.
IN_USE_A_BUSINESS_AN_HOUR: int = _setting(
    environment.whole_number, "IN_USE_A_BUSINESS_AN_HOUR", default=40, minimum=1
)
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "full_name", "phone_number"]},
    },
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "accounts.admin_auth.csrf_failure"
# Messages are in the session and end with it: the next user of the same browser sees none of them.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
LOGIN_URL = "/admin/login/"

# accounts/lockout.py checks the lock and returns 429 with Retry-After; the middleware of axes would respond
# differently.
SILENCED_SYSTEM_CHECKS = ["axes.W002"]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_USERNAME_FORM_FIELD = (
    "username"  # the name of Django's authenticate(), not of the model's field
)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_DISABLE_ACCESS_LOG = True
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_SENSITIVE_PARAMETERS: list[str] = []
AXES_IPWARE_PROXY_COUNT = TRUSTED_PROXIES or None
AXES_CLIENT_IP_CALLABLE = "automatehq.client_ip.get_client_ip"

SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=7),
    "ALGORITHM": "HS256",
    "SIGNING_KEY": JWT_SIGNING_KEY,
    "ISSUER": "automatehq",
    # The seconds by which the clocks of two machines may differ.
    "LEEWAY": 5,
    "USER_ID_FIELD": "id",
    "USER_ID_CLAIM": "user_id",
    "AUTH_HEADER_TYPES": ("Bearer",),
}

# API

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [
        "businesses.tenancy.permissions.BelongsToBusiness",
    ],
    "DEFAULT_PARSER_CLASSES": [
        "automatehq.api.parsers.JSONObjectParser",
    ],
    "DEFAULT_RENDERER_CLASSES": ["automatehq.api.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "automatehq.api.pagination.Pages",
    "DEFAULT_FILTER_BACKENDS": ["automatehq.api.filters.StrictFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "automatehq.api.schema.AutoSchema",
    "EXCEPTION_HANDLER": "automatehq.api.exception_handler.exception_handler",
    "DEFAULT_METADATA_CLASS": None,  # /api/schema describes the request bodies
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "automatehq.api.parsers.IgnoreAcceptNegotiation",
    # `format` is a query parameter like any other: unknown unless a view declares it.
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UPLOADED_FILES_USE_URL": False,
}
DRF_STANDARDIZED_ERRORS = {
    "EXCEPTION_FORMATTER_CLASS": "automatehq.api.exception_handler.Formatter",
    "NESTED_FIELD_SEPARATOR": ".",
    "ENABLE_IN_DEBUG_FOR_UNHANDLED_EXCEPTIONS": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "AutomateHQ API",
    "DESCRIPTION": "Turns paper work cards into approved payroll hours. See docs/api.md.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "PATH_CONVERTER_OVERRIDES": {
        "id": {"type": "string", "format": "uuid"},
        "month": {"type": "string", "examples": ["2026-03"]},
    },
    "ENUM_NAME_OVERRIDES": {
        "ReviewStatusEnum": "workcards.transitions.ReviewStatus",
        "RunStatusEnum": "exports.models.ExportRun.Status",
        "EncodingEnum": "exports.models.ExportProfile.Encoding",
        "FileEncodingEnum": "workforce.employee_import.code_pages.ENCODINGS",
        "WarningCodeEnum": "workcards.day_warnings.CODES",
        "WarningPolicyEnum": "businesses.models.WarningPolicy",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        "docExpansion": "none",
        "persistAuthorization": False,
        "validatorUrl": None,
    },
    "SCHEMA_PATH_PREFIX": r"/api/",
    "COMPONENT_SPLIT_REQUEST": True,
}

# Jobs

# The limit of one business; a request for a further export is rejected.
EXPORTS_PER_BUSINESS: int = _setting(
    environment.whole_number, "EXPORTS_PER_BUSINESS", default=100
)
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

# Files

_s3_bucket: str = _setting(env.str, "S3_BUCKET", default="")
MEDIA_ROOT: str = _setting(env.str, "MEDIA_ROOT", default=str(VAR_DIR / "media"))
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if not DEBUG
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
if _s3_bucket and not importlib.util.find_spec("storages"):
    raise ImproperlyConfigured(
        'S3_BUCKET requires django-storages. Run `pip install "django-storages[s3]"`.'
    )
if _s3_bucket:
    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": _s3_bucket,
            "endpoint_url": _setting(env.str, "S3_ENDPOINT_URL", default=None),
            "region_name": _setting(env.str, "S3_REGION", default=None),
            "access_key": _setting(env.str, "S3_ACCESS_KEY", default=None),
            "secret_key": _setting(env.str, "S3_SECRET_KEY", default=None),
            "querystring_auth": True,
            "file_overwrite": False,
        },
    }
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
# The limit of a request without its files. The largest valid body, 500 cards to approve at once, is 50 kB. A list of
# a million invalid values would occupy a process for a minute.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "automatehq.upload_handlers.BoundedFileUploadHandler",
]
DATA_UPLOAD_MAX_NUMBER_FILES = 50
STATIC_URL = "/static/"
STATIC_ROOT: str = _setting(
    env.str, "STATIC_ROOT", default=str(BASE_DIR / "static-root")
)
# In development, files are served from the apps, without collectstatic.
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_USE_FINDERS = DEBUG

# Language and time

TIME_ZONE: str = _setting(environment.time_zone, "TIME_ZONE", default="Asia/Jerusalem")
LANGUAGE_CODE: str = _setting(
    environment.choice, "LANGUAGE_CODE", default="en", of=("en", "he")
)
LANGUAGES = [("en", "English"), ("he", "עברית")]
USE_I18N = True
USE_TZ = True
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["automatehq.formats"]

# First run (`manage.py seed`)

ADMIN_EMAIL: str = _setting(env.str, "ADMIN_EMAIL", default="")
ADMIN_PASSWORD: str = _setting(env.str, "ADMIN_PASSWORD", default="")
SUPERADMIN_EMAIL: str = _setting(env.str, "SUPERADMIN_EMAIL", default="")
SUPERADMIN_PASSWORD: str = _setting(env.str, "SUPERADMIN_PASSWORD", default="")
DEFAULT_BUSINESS_NAME: str = _setting(
    env.str, "DEFAULT_BUSINESS_NAME", default="Mizhav"
)
# The password of all users that `manage.py seed_demo` creates.
DEMO_PASSWORD: str = _setting(env.str, "DEMO_PASSWORD", default="")

# Security headers

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
if not DEBUG:
    SECURE_SSL_REDIRECT = _setting(
        environment.flag, "SECURE_SSL_REDIRECT", default=True
    )
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = _setting(
        environment.whole_number, "SECURE_HSTS_SECONDS", default=31536000
    )
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# The Sentry server that receives error reports, if set: see automatehq/sentry.py.
SENTRY_DSN: str = _setting(environment.sentry_address, "SENTRY_DSN", default="")

# Logging: a line of JSON per event (plain text when DEBUG is on).

LOG_LEVEL: str = _setting(environment.log_level, "LOG_LEVEL", default="INFO")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "automatehq.json_logging.JsonFormatter"},
        "text": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "stream": sys.stderr,
            "formatter": "text" if DEBUG else "json",
        }
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"level": LOG_LEVEL},
        "axes": {"level": "ERROR"},
    },
}
