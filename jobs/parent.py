"""The process that started this one."""

import os
import signal
from multiprocessing import parent_process
from threading import Thread


def end_with_parent() -> None:
    """Send SIGTERM to this process when the process that started it has ended, even if it was killed.

    Otherwise a serving process would continue, and occupy the port. Only for processes of `multiprocessing`.
    """
    Thread(target=_await_parent, name="parent", daemon=True).start()


def _await_parent() -> None:
    if parent := parent_process():
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
