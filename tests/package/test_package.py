"""The package in a clean Debian 12: what docs/install.md and docs/upgrade.md let type is typed there, and answered.

`make test-dist` runs this: it needs root, debootstrap, and the package that `make dist` has built.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

ROOT = Path(__file__).parents[2]
DOCS, DEPLOY = ROOT / "docs", ROOT / "deploy"
PACKAGES = sorted((ROOT / "dist").glob("suxin_*.deb"))
SOURCES = ("/etc/apt/sources.list", "/etc/apt/sources.list.d", "/etc/apt/apt.conf.d", "/etc/apt/trusted.gpg.d")
UNIT = "/lib/systemd/system/suxin.service"
TOOLS = ("debootstrap", "chroot")
ADDRESS = "http://127.0.0.1:8000"
READY_SECONDS = 120
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, TOOLS)), reason="root and debootstrap are needed"
)


def typed(page: str, place: int) -> str:
    """What a page lets type, by the place of the block."""
    found: list[str] = re.findall(r"^```bash\n(.*?)^```$", (DOCS / page).read_text(), re.DOTALL | re.MULTILINE)
    return found[place]


def check_output(printed: str, place: int) -> None:
    """Compare what commands print with what the page shows, line by line: `…` is anything, and tables are cut."""
    found = re.findall(r"^```text\n(.*?)^```$", (DOCS / "install.md").read_text(), re.DOTALL | re.MULTILINE)
    given = re.sub(r"\s+", " ", printed)
    for line in found[place].splitlines():
        pattern = re.sub(r"\s+", " ", line.strip())
        assert re.search(re.escape(pattern).replace("…", ".*?"), given), (line, printed)


def find_mirror() -> str:
    """Where this machine gets Debian from."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE)"], capture_output=True, text=True, check=True
    )
    return listed.stdout.split()[0]


@dataclass
class Machine:
    """A clean root, in which services are started by hand: there is no systemd."""

    root: Path
    service: subprocess.Popen[bytes] | None = None

    def run(self, text: str, *, code: int = 0) -> str:
        """Run what is typed by root. Returns what is printed."""
        command = ["chroot", str(self.root), "sh", "-euc", f"cd /root; {text}"]
        began = time.monotonic()
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
        }
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        print(f"$ {text.strip()}\n{done.stdout}{done.stderr}({time.monotonic() - began:.1f} s)\n")  # noqa: T201
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def start(self) -> None:
        """Start the service as its unit does, and wait until it answers."""
        unit = (self.root / UNIT.lstrip("/")).read_text()
        (command,) = re.findall("^ExecStart=(.*)$", unit, re.MULTILINE)
        (options,) = re.findall('^Environment="OPTIONS=(.*)"$', unit, re.MULTILINE)
        line = f"XDG_RUNTIME_DIR=/var/lib/suxin exec runuser -u suxin -- {command.replace('$OPTIONS', options)}"
        self.service = subprocess.Popen(["chroot", str(self.root), "sh", "-c", line])
        began = time.monotonic()
        while time.monotonic() < began + READY_SECONDS:
            try:
                if httpx2.get(f"{ADDRESS}/readyz").status_code == 200:
                    print(f"ready ({time.monotonic() - began:.1f} s)\n")  # noqa: T201
                    return
            except httpx2.TransportError:
                pass
        raise AssertionError("the service does not answer")

    def stop(self) -> None:
        """Stop the service."""
        if self.service:
            self.service.terminate()
            self.service.wait()
            self.service = None


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """A minimal Debian 12, with the package on its disk."""
    assert PACKAGES, "make dist builds the package"
    with tempfile.TemporaryDirectory(prefix="suxin-dist-") as directory:
        root = Path(directory) / "root"
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", root, find_mirror()], check=True)
        for source in SOURCES:
            target = root / source.lstrip("/")
            if Path(source).is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            elif Path(source).exists():
                shutil.copy(source, target)
        (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
        (root / "usr/sbin/policy-rc.d").chmod(0o755)
        shutil.copy(PACKAGES[-1], root / "root")
        mounted = [(one, root / one.lstrip("/")) for one in ("/proc", "/dev")]
        for source, target in mounted:
            subprocess.run(["mount", "--bind", source, target], check=True)
        made = Machine(root)
        try:
            made.run("apt-get update -qq")
            yield made
        finally:
            made.stop()
            if (root / "usr/bin/pg_ctlcluster").exists():
                made.run("pg_ctlcluster 15 main stop || true")
            for _, target in reversed(mounted):
                subprocess.run(["umount", "--lazy", target], check=True)


@pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not on this machine")
def test_the_sample_for_nginx_is_valid(tmp_path: Path) -> None:
    sample = (DEPLOY / "proxies" / "nginx.conf").read_text()
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=suxin.court.example",
            "-keyout",
            str(tmp_path / "key"),
            "-out",
            str(tmp_path / "pem"),
        ],
        check=True,
        capture_output=True,
    )
    for place, found in (
        ("/etc/ssl/certs/suxin.pem", tmp_path / "pem"),
        ("/etc/ssl/private/suxin.key", tmp_path / "key"),
        ("/var/log/nginx", tmp_path),
    ):
        sample = sample.replace(place, str(found))
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{sample}\n}}\n")
    done = subprocess.run(["nginx", "-t", "-q", "-c", whole], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not shutil.which("caddy"), reason="Caddy is not on this machine")
def test_the_sample_for_caddy_is_valid() -> None:
    command = ["caddy", "validate", "--adapter", "caddyfile", "--config", str(DEPLOY / "proxies" / "Caddyfile")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "Valid configuration" in done.stdout + done.stderr) == (0, True), done.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not on this machine")
def test_the_unit_is_valid_and_hardened(tmp_path: Path) -> None:
    unit = tmp_path / "suxin.service"
    text = (DEPLOY / "debian" / "suxin.service").read_text()
    unit.write_text(text.replace("/opt/venvs/suxin/bin/suxin", sys.executable).replace("man:suxin(1) ", ""))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert "suxin.service" not in done.stderr, done.stderr
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=30", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert rated.returncode == 0, rated.stdout


def test_it_is_installed_and_answers(machine: Machine) -> None:
    machine.run(typed("install.md", 0).replace("apt install", "apt-get install -y -qq --no-install-recommends"))
    machine.run("apt-get install -y -qq --no-install-recommends curl jq")
    machine.run("pg_ctlcluster 15 main start")
    told = machine.run(typed("install.md", 1))
    check_output(told, 0)
    assert machine.run("stat -c '%a %U' /etc/suxin/suxin.env") == "600 suxin\n"
    machine.start()
    imported, staff, client = typed("install.md", 3).splitlines()
    told = machine.run(imported, code=2)  # the sample has lines to reject
    told += machine.run(staff) + machine.run(client)
    check_output(told, 1)
    secret = re.search("client_secret: (.*)", told)
    assert secret
    told = machine.run(f"SECRET={secret[1]}\n{typed('install.md', 4)}")
    check_output(told, 2)
    answer = json.loads(told)
    assert answer["data"]["commerceCheck"] == {
        "outcome": "MATCHED",
        "organization": {"name": "余姚市玉凯贸易有限公司"},
    }
    found = json.loads(machine.run("suxin doctor --json"))
    assert [one for one in found["findings"] if one["state"] == "problem"] == []
    _lose_and_restore(machine)
    again = json.loads(machine.run(f"SECRET={secret[1]}\n{typed('install.md', 4)}"))
    assert again["data"] == answer["data"]


def _lose_and_restore(machine: Machine) -> None:
    """As the page says, with the service stopped and started by hand."""
    passphrase = "correct horse battery staple"
    machine.run(f"echo '{passphrase}' > /var/lib/suxin/passphrase; chown suxin /var/lib/suxin/passphrase")
    lines = typed("install.md", 5).splitlines()
    stopping, starting = lines.index("systemctl stop suxin"), lines.index("systemctl start suxin")
    told = machine.run("exec 2>&1\n" + "\n".join(lines[:stopping]))
    machine.stop()
    told += "".join(machine.run(f"exec 2>&1\n{line}") for line in lines[stopping + 1 : starting])
    check_output(told, 3)
    machine.start()


def test_it_is_upgraded(machine: Machine) -> None:
    """By the same package: it stops the service, migrates, and starts it again."""
    lines = typed("upgrade.md", 0).splitlines()
    machine.stop()
    machine.run(lines[2].replace("apt install", "apt-get install -y -qq --reinstall"))
    assert "newest revision" in machine.run(lines[3])
    machine.start()
    machine.run(lines[5])


def test_the_manual_and_the_completion_are_there(machine: Machine) -> None:
    assert "suxin \\- litigation credit" in machine.run("zcat /usr/share/man/man1/suxin.1.gz | head -5")
    assert "complete -o default" in machine.run("cat /usr/share/bash-completion/completions/suxin")


def test_removing_it_keeps_the_data(machine: Machine) -> None:
    machine.stop()
    machine.run("apt-get purge -y -qq suxin")
    assert not (machine.root / "etc/suxin").exists()
    assert (machine.root / "var/lib/suxin/keys/identity.json").exists()
