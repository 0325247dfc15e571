"""/look/figures: figures for everybody. They are asked for with the rights of an auditor to figures alone: sums of
rounded cells of whole months, which tell of nobody (ADR 32)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from auth.audiences import Audience
from auth.clients.own_clients import OwnClient
from auth.scopes import Scope
from languages.negotiation import Language
from models.catalogue import Colour, Stage
from models.terms import to_court_day
from pages.asking import Data
from pages.charts import Chart, Figure, draw_bars, draw_columns
from pages.language import find_language, name_member
from pages.public.desk import PublicDesk
from pages.site import PUBLIC

PATH = "/look/figures"
DOCUMENT = Path(__file__).with_name("figures.graphql").read_text("utf-8")
FIGURES = OwnClient("suxin-figures", "公开数据 (pages)", Audience.AUDITOR, frozenset({Scope.STATISTICS}))
"""The client that the page of figures asks as."""

KEPT = timedelta(minutes=10)
YEARS = 2
COLOURS = [colour for colour in Colour if colour is not Colour.GREEN]
"""Green is the colour of those without a record."""


@dataclass(frozen=True)
class Told:
    """An answer, and when it was given."""

    at: datetime
    data: Data


@dataclass(frozen=True)
class PublicFigures:
    """The page of figures. An answer is kept for ten minutes, as it is the same for all."""

    desk: PublicDesk
    kept: list[Told] = field(default_factory=list)

    async def show(self, request: Request) -> Response:
        """Return the charts, each with its table."""
        data, language = await self._find(), find_language(request)
        charts: list[tuple[str, Chart]] = [
            ("有记录的信用码", draw_bars(_by_member(data["colours"], COLOURS, language))),
            ("各环节公布的扣分", draw_bars(_by_member(data["stages"], list(Stage), language))),
            ("每月公布的扣分", draw_columns(_by_month(data["months"]))),
            ("每月修复申请", draw_columns(_by_month(data["repairs"]))),
            ("每月查询次数", draw_columns(_by_month(data["lookUps"]))),
        ]
        shown = [(title, chart) for title, chart in charts if any(one.value for one in chart.figures)]
        told: dict[str, Any] = {"charts": shown, "first_day": self._first_day()}
        return self.desk.site.render(request, "look/figures.html", 200, PUBLIC, **told)

    async def _find(self) -> Data:
        now = self.desk.asking.clock()
        if self.kept and abs(now - self.kept[0].at) < KEPT:
            return self.kept[0].data
        principal = await self.desk.asking.admit(FIGURES)
        data = await self.desk.asking.ask(principal, DOCUMENT, {"from": self._first_day().isoformat()})
        self.kept[:] = [Told(now, data)]
        return data

    def _first_day(self) -> date:
        today = to_court_day(self.desk.asking.clock())
        return date(today.year - YEARS, today.month, 1)


def _by_member(rows: Sequence[Mapping[str, Any]], members: Sequence[StrEnum], language: Language) -> list[Figure]:
    """Return the figures of all members of an enum, in its order."""
    enum = type(members[0]).__name__
    counts = {row[enum.lower()]: row["count"] for row in rows}
    return [Figure(_label(one, enum, language), counts.get(one.value, 0), one.value.lower()) for one in members]


def _label(member: StrEnum, enum: str, language: Language) -> str:
    """Return a word that is short enough for a chart: the English descriptions of values are sentences."""
    return member.value.capitalize() if language is Language.EN else name_member(member.value, enum, language)


def _by_month(rows: Sequence[Mapping[str, Any]]) -> list[Figure]:
    return [Figure(row["month"][:7], row["count"]) for row in rows if row["month"]]
