"""Measure `suxin import cases` on an embedded PostgreSQL: lines per second from opening the file to the last commit.

Run: python -m bench.imports.cases [--lines N] [--seed N] [--lines-per-subject N] [--crypto sm]
"""

import asyncio
import csv
import os
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import sqlalchemy as sa
import typer
from stdnum.cn import ric, uscc

from bench.database.subjects import FAMILY, GIVEN
from ingest.formats.cases import Cases
from ingest.importing import import_file
from ingest.reference.catalogue import load_catalogue
from models.keyring import Keyring
from models.masters import SmMaster
from models.number_suites import Crypto
from postgres import database

TARGET = 30_000
"""Lines per second on two cores (DOMAIN 6)."""

LINES_PER_SUBJECT = 2
"""In the courts' samples, 708 lines name 360 parties."""

ORGANIZATIONS = 0.25
UNIDENTIFIED = 0.02
DIVISION = "330281"
COURTS = (("浙0281", "余姚市人民法院"), ("浙0282", "慈溪市人民法院"), ("浙02", "宁波市中级人民法院"))
CAUSES = ("民间借贷纠纷", "买卖合同纠纷", "金融借款合同纠纷", "物业服务合同纠纷", "离婚纠纷", "劳动争议")
TYPES = (("民初", "原告", "被告"), ("民初", "原告", "被告"), ("执", "申请执行人", "被执行人"))

KEYRINGS = {
    Crypto.INTERNATIONAL: Keyring(sealing=(b"s" * 32,), indexing=(b"i" * 32,)),
    Crypto.SM: Keyring(sealing=(SmMaster(b"s" * 32),), indexing=(SmMaster(b"i" * 32),)),
}
KEYRING = KEYRINGS[Crypto.INTERNATIONAL]

Party = tuple[str, str, str, str, str]


def person(serial: int, name: str, village: str = "") -> Party:
    """A person of Yuyao."""
    born = date(1950, 1, 1) + timedelta(days=serial % 18_000)
    stem = f"{DIVISION}{born:%Y%m%d}{serial // 18_000 % 1000:03d}"
    return ("自然人", name, "居民身份证", stem + ric.calc_check_digit(stem + "0"), village)


def organization(serial: int) -> Party:
    """A company of Yuyao."""
    stem = f"91{DIVISION}{serial:09d}"
    return ("法人", f"余姚市第{serial}有限公司", "统一社会信用代码", stem + uscc.calc_check_digit(stem), "")


def _drawn(draw: random.Random, serial: int) -> Party:
    name = draw.choice(FAMILY) + "".join(draw.choices(GIVEN, k=2))
    return person(serial, name, f"第{draw.randrange(266)}村")


def _lines(count: int, seed: int, lines_per_subject: int) -> Iterator[list[str]]:
    """`count` participations in cases with two or three parties, drawn from a population."""
    draw = random.Random(seed)
    population = [
        organization(serial) if draw.random() < ORGANIZATIONS else _drawn(draw, serial)
        for serial in range(count // lines_per_subject)
    ]
    written = 0
    for serial in range(1, count):
        code, court = draw.choice(COURTS)
        characters, asking, asked = draw.choice(TYPES)
        filed = date(2019, 1, 1) + timedelta(days=draw.randrange(1000))
        closed = filed + timedelta(days=90)
        number, cause = f"({filed.year}){code}{characters}{serial}号", draw.choice(CAUSES)
        for role in (asking, asked, asked)[: draw.choice((2, 2, 3))]:
            kind, name, number_type, number_text, village = draw.choice(population)
            number_text = "" if draw.random() < UNIDENTIFIED else number_text
            case = [number, court, cause, filed.isoformat(), closed.isoformat()]
            yield [*case, role, kind, name, number_type, number_text, village, ""]
            written += 1
            if written == count:
                return


def write_file(path: Path, count: int, seed: int, lines_per_subject: int) -> None:
    """Write a `cases` file of `count` lines. It is determined by the seed."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(Cases.columns)
        writer.writerows(_lines(count, seed, lines_per_subject))


def _cpu(postmaster: int) -> float:
    """CPU seconds of the server and of its ended sessions."""
    fields = Path(f"/proc/{postmaster}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


async def _measure(url: sa.URL, path: Path, postmaster: int, keyring: Keyring) -> None:
    for run in ("first", "again"):
        engine = database.make_async_engine(url, pool_size=2, statement_timeout=10)
        async with engine.begin() as connection:
            await load_catalogue(connection)
        start, python, server = time.perf_counter(), time.process_time(), _cpu(postmaster)
        summary = await import_file(engine, "cases", path, keyring=keyring)
        seconds, python = time.perf_counter() - start, time.process_time() - python
        await engine.dispose()
        server = _cpu(postmaster) - server
        print(
            f"{run}: {summary.lines} lines in {seconds:.1f} s: {summary.lines / seconds:,.0f} lines/s"
            f" (target {TARGET:,}); {summary.cases.new} new cases, {summary.parties.new} new parties;"
            f" processor time a line: Python {python / summary.lines * 1e6:.0f} us,"
            f" PostgreSQL {server / summary.lines * 1e6:.0f} us"
        )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def main(
    lines: int = 200_000,
    seed: int = 2022,
    lines_per_subject: int = LINES_PER_SUBJECT,
    crypto: Crypto = Crypto.INTERNATIONAL,
) -> None:
    """Write the file, import it twice, and print the figures."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "cases.csv"
        write_file(path, lines, seed, lines_per_subject)
        with database.run_embedded(Path(place) / "data") as url:
            database.migrate(url)
            postmaster = int((Path(place) / "data" / "postgresql" / "postmaster.pid").read_text().split()[0])
            asyncio.run(_measure(url, path, postmaster, KEYRINGS[crypto]))


if __name__ == "__main__":
    typer.run(main)
