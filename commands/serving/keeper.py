"""The process of the keeper of the embedded server."""

import signal
from logging.config import dictConfig
from threading import Event

from postgres.keeping import keep
from settings import Settings
from telemetry import logs


def keep_embedded() -> None:
    """Keep the embedded server of `suxin serve` until SIGTERM, or until the command has ended."""
    settings = Settings.from_environment()
    dictConfig(logs.build_configuration(logs.form_of(settings.log)))
    end = Event()
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    keep(settings.data_dir, end)
