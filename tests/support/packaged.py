"""The clients as packages: packed as for publication, and unpacked where a partner would install them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import compilers

import nodejs

ROOT = Path(__file__).parents[2]
TYPESCRIPT_CLIENT = ROOT / "clients" / "typescript"
CONSUMER = Path(__file__).parents[1] / "node" / "consumer"


def pack(place: Path) -> Path:
    """Pack the client in TypeScript. Gives a folder of a program that has installed it, with what it depends on."""
    nodejs.install([TYPESCRIPT_CLIENT])
    said = compilers.run(TYPESCRIPT_CLIENT, nodejs.NPM, "pack", "--json", "--silent", "--pack-destination", str(place))
    archive = place / json.loads(said[said.index("[") :])[0]["filename"]
    modules = place / "node_modules"
    shutil.unpack_archive(archive, modules / "suxin-client", filter="data")
    (modules / "suxin-client" / "package").rename(modules / "moved")
    (modules / "suxin-client").rmdir()
    (modules / "moved").rename(modules / "suxin-client")
    (modules / "jose").symlink_to(TYPESCRIPT_CLIENT / "node_modules" / "jose")
    (place / "package.json").write_text('{"type": "module"}')
    for file in CONSUMER.iterdir():
        (place / file.name).write_bytes(file.read_bytes())
    return place


def compile_with(place: Path, module: str, resolution: str) -> None:
    """Have the compiler check the program under a way of finding modules. Fails with what it says."""
    compiler = TYPESCRIPT_CLIENT / "node_modules" / "typescript" / "bin" / "tsc"
    strict = ["--strict", "--noEmit", "--skipLibCheck", "false", "--target", "es2022", "--lib", "es2022,dom", "--types"]
    options = [*strict, "", "--module", module, "--moduleResolution", resolution]
    compilers.run(place, compiler, *options, "consumer.ts")


def call(*command: str | Path, folder: Path) -> str:
    """What a program prints. Fails with what it wrote where it fails."""
    done = subprocess.run([str(one) for one in command], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build_wheel(place: Path) -> Path:
    """Build the client in Python from its source distribution, as an index has it. Gives the unpacked wheel."""
    source, unpacked = place / "source", place / "unpacked"
    shutil.copytree(ROOT / "suxin_client", source, ignore=shutil.ignore_patterns("__pycache__"))
    call(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", place, folder=source)
    (archive,) = place.glob("*.tar.gz")
    shutil.unpack_archive(archive, place, filter="data")
    folder = place / archive.name.removesuffix(".tar.gz")
    call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", place, folder=folder)
    (wheel,) = place.glob("*.whl")
    shutil.unpack_archive(wheel, unpacked, "zip")
    return unpacked
