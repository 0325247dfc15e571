"""The key ring is compared with the numbers of a database, whatever documents stand first and last in it (R18, R22)."""

from pathlib import Path

import pytest
from import_files import PERSON, clear, line, write_csv
from sqlalchemy.ext.asyncio import AsyncEngine
from world import KEYRING, MAKE

from commands.doctor.finding import Finding, State
from commands.doctor.sealed_numbers import examine_numbers
from ingest.importing import import_file
from models.keyring import Keyring, format_keyring
from secret_file import create_secret
from settings import Settings

RESIDENT = ("自然人", "居民身份证", PERSON)
DOCUMENTS = [
    RESIDENT,
    ("自然人", "护照", "E12345678"),
    ("自然人", "港澳居民来往内地通行证", "H12345678"),
    ("自然人", "台湾居民来往大陆通行证", "12345678"),
    ("自然人", "港澳台居民居住证", "810000197001010159"),
    ("自然人", "外国人永久居留身份证", "911124198108030024"),
    ("自然人", "外国人永久居留身份证", "USA310084010112"),
    ("自然人", "军官证", "军字第2001988号"),
    ("法人", "统一社会信用代码", "91330281999911175U"),
    ("法人", "组织机构代码", "742163458"),
    ("法人", "营业执照注册号", "330281000012349"),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a data directory with the keys of the tests."""
    settings = Settings(data_dir=tmp_path / "data", crypto=KEYRING.suite)
    settings.key_file.parent.mkdir(parents=True)
    create_secret(settings.key_file, format_keyring(KEYRING))
    return settings


async def examine(engine: AsyncEngine, settings: Settings) -> Finding:
    """What `serve`, `import`, `backup` and `doctor` find."""
    async with engine.connect() as connection:
        return await connection.run_sync(examine_numbers, settings)


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize("last", DOCUMENTS, ids=[f"{name}-{number}" for _, name, number in DOCUMENTS])
@pytest.mark.parametrize("first", [None, RESIDENT], ids=["alone", "behind a resident"])
async def test_the_keys_open_every_kind_of_document(
    engine: AsyncEngine, settings: Settings, tmp_path: Path, first: tuple[str, str, str] | None, last: tuple[str, ...]
) -> None:
    rows = [
        line(
            案号=f"(2021)浙0281民初{place}号", 当事人类型=kind, 姓名或名称="魏宇华", 证件类型=document, 证件号码=number
        )
        for place, (kind, document, number) in enumerate(filter(None, (first, last)), 1)
    ]
    found = await import_file(engine, "cases", write_csv(tmp_path / "cases.csv", rows), keyring=KEYRING)
    assert (found.accepted, dict(found.rejected)) == (len(rows), {})
    assert await examine(engine, settings) == Finding(
        "sealed numbers", State.OK, "The key ring opens what the database holds."
    )


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize("document", DOCUMENTS, ids=[f"{name}-{number}" for _, name, number in DOCUMENTS])
async def test_other_keys_do_not(
    engine: AsyncEngine, settings: Settings, tmp_path: Path, document: tuple[str, str, str]
) -> None:
    kind, name, number = document
    row = line(当事人类型=kind, 证件类型=name, 证件号码=number)
    others = [
        Keyring(sealing=(MAKE(b"x" * 32),), indexing=KEYRING.indexing),
        Keyring(sealing=KEYRING.sealing, indexing=(MAKE(b"x" * 32),)),
    ]
    for other in others:
        await import_file(engine, "cases", write_csv(tmp_path / "cases.csv", [row]), keyring=other)
        found = await examine(engine, settings)
        assert (found.state, found.found) == (
            State.PROBLEM,
            "The key ring does not open the numbers that the database holds.",
        )
        await clear(engine)
