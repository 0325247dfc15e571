"""The built files are those of their sources."""

from pathlib import Path

import pytest

import nodejs
from pages.built_files import TOOLS

WEB = Path(__file__).parents[2] / "web"


@pytest.mark.parametrize("tool", TOOLS)
def test_the_built_files_are_those_of_the_sources(tmp_path: Path, tool: str) -> None:
    nodejs.install([WEB])
    nodejs.run_npm(WEB, "exec", "vite", "build", "--", "--mode", tool, "--outDir", str(tmp_path), "--logLevel", "error")
    built, kept = (
        {one.name: one.read_bytes() for one in sorted(folder.iterdir())} for folder in (tmp_path, WEB / "dist" / tool)
    )
    assert built.keys() == kept.keys()
    assert [name for name in built if built[name] != kept[name]] == []
