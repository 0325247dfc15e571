"""The service in the engine's README runs as it stands, and prints what stands below it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "engine" / "README.md").read_text()


def blocks() -> list[tuple[str, str]]:
    """Language and text of each block."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def test_the_service_in_the_readme(empty_database: sa.URL, tmp_path: Path) -> None:
    (language, code), (_, printed) = blocks()
    assert language == "python"
    service = tmp_path / "service.py"
    service.write_text(code)
    command = [sys.executable, "-W", "error", str(service), empty_database.render_as_string(hide_password=False)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stderr, done.stdout) == ("", printed)


def test_every_module_and_name_in_it_is_there() -> None:
    modules = {path.stem for path in (ROOT / "engine").rglob("*") if path.suffix in {".py", ""}}
    table = README[README.index("## Modules") :]
    named = {Path(name).stem for name in re.findall(r"`([\w./]+)`", table)}
    assert named - modules == set()
