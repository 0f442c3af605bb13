"""The settings of a project that has nothing but the inbox.

What your own project needs: the app in INSTALLED_APPS, its path in your urlpatterns, the secrets.
"""

import os
import re
from pathlib import Path

# Several with commas, while a new one replaces an old one.
GOOCLAIM_SIGNING_SECRETS = re.findall(r"[^,\s]+", os.environ.get("GOOCLAIM_SIGNING_SECRET", ""))
INSTALLED_APPS = ["gooclaim_inbox"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "gooclaim_inbox.urls"
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # bytes of a body
TIME_ZONE = "UTC"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": "inbox.db",
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "timeout": 3,
            "transaction_mode": "IMMEDIATE",
            # What was answered with 2xx outlives a power cut.
            "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL",
        },
    }
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}

if not GOOCLAIM_SIGNING_SECRETS:
    raise SystemExit("GOOCLAIM_SIGNING_SECRET is not set")
Path("inbox.db").touch(mode=0o600)  # claims are personal data
