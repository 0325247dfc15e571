"""The failover of docs/availability.md, as its page has it."""

import os
import random
import re
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import psutil
from served import free_port

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)
COUNTED = re.compile(r"answered \| unlogged\s+[-+]+\s+(\d+) \| +(\d+)\n")


def find_ports() -> str:
    """The first four digits of ports of which the first three are free."""
    while True:
        found = str(random.randrange(1100, 3200))
        try:
            with ExitStack() as stack:
                for last in "123":
                    stack.enter_context(socket.create_server(("127.0.0.1", int(found + last))))
        except OSError:
            continue
        return found


def list_commands() -> Iterator[str]:
    """The command lines of all processes."""
    for one in psutil.process_iter():
        with suppress(psutil.Error):
            yield " ".join(one.cmdline())


def test_a_newcomer_sees_a_failover_lose_nothing() -> None:
    page = (ROOT / "docs" / "availability.md").read_text()
    section = page.partition("\n## A failover on one machine\n")[2].partition("\n## ")[0]
    script = "".join(BLOCK.findall(section)).replace("5433", find_ports()).replace("8100", str(free_port()))
    user: Any = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses root
    with tempfile.TemporaryDirectory(prefix="suxin-test-", ignore_cleanup_errors=True) as place:
        Path(place).chmod(0o777)
        own = {"PATH": os.environ["PATH"], "TMPDIR": place, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
        command = ["bash", "-euo", "pipefail", "-c", script]
        done = subprocess.run(command, cwd=ROOT, env=own, user=user, capture_output=True, text=True, check=False)
        left = [line for line in list_commands() if place in line]
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    counted = COUNTED.search(done.stdout)
    assert counted, done.stdout
    answered, unlogged = map(int, counted.groups())
    assert answered > 100
    assert unlogged == 0
    assert left == []
