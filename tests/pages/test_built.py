"""The built files are those of their sources."""

from pathlib import Path

import nodejs

WEB = Path(__file__).parents[2] / "web"


def test_the_built_files_are_those_of_the_sources(tmp_path: Path) -> None:
    nodejs.install([WEB])
    nodejs.run_npm(WEB, "run", "build", "--", "--outDir", str(tmp_path), "--logLevel", "error")
    built, kept = (
        {one.name: one.read_bytes() for one in sorted(folder.iterdir())} for folder in (tmp_path, WEB / "dist/explorer")
    )
    assert built.keys() == kept.keys()
    assert [name for name in built if built[name] != kept[name]] == []
