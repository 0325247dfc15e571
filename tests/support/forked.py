"""The real command in a process of its own that need not import everything again: a server forks it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing import get_context
from pathlib import Path

CONTEXT = get_context("forkserver")
CONTEXT.set_forkserver_preload(["cli", "commands.serving.command"])
SECONDS = 120


def run_forked(environment: Mapping[str, str], *arguments: str, into: Path) -> subprocess.CompletedProcess[str]:
    """Run `suxin` with these settings, as a shell would. into: a directory for what it prints."""
    out, err = into / "stdout", into / "stderr"
    process = CONTEXT.Process(target=_run, args=({**os.environ, **environment}, arguments, out, err))
    process.start()
    process.join(SECONDS)
    process.kill()
    return subprocess.CompletedProcess(arguments, process.exitcode or 0, out.read_text(), err.read_text())


def _run(environment: Mapping[str, str], arguments: tuple[str, ...], out: Path, err: Path) -> None:
    for file, number in ((out, 1), (err, 2)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["suxin", *arguments]
    from cli import app

    app()
