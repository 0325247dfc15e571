"""Charts as plain geometry, which templates draw as SVG: bars beside their labels, and columns over months."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, WIDEST_COLUMN = 400, 56
LABEL_WIDTH, VALUE_WIDTH, BAR_HEIGHT, GAP = 84, 52, 22, 12
COLUMN_AREA, HEADROOM, FOOT = 150, 24, 28
LABELLED = 5
"""Columns with a label, at most: more would overlap."""


@dataclass(frozen=True)
class Figure:
    """A number with its label. kind: a class of the style sheet, or nothing. key: what the label stands for."""

    label: str
    value: int
    kind: str = ""
    key: str = ""


@dataclass(frozen=True)
class Mark:
    """A figure and the place of its rectangle. labelled: whether its label stands beside it."""

    figure: Figure
    x: float
    y: float
    width: float
    height: float
    labelled: bool = True


@dataclass(frozen=True)
class Chart:
    """A chart of some size in SVG units. upright: columns, not bars."""

    marks: Sequence[Mark]
    width: int
    height: int
    upright: bool

    @property
    def figures(self) -> list[Figure]:
        """What it shows, for the table beside it."""
        return [mark.figure for mark in self.marks]


def draw_bars(figures: Sequence[Figure]) -> Chart:
    """Return bars in the order given, as long as their values."""
    most = max((one.value for one in figures), default=0) or 1
    room, step = WIDTH - LABEL_WIDTH - VALUE_WIDTH, BAR_HEIGHT + GAP
    marks = [
        Mark(one, LABEL_WIDTH, place * step, round(one.value / most * room, 1), BAR_HEIGHT)
        for place, one in enumerate(figures)
    ]
    return Chart(marks, WIDTH, len(figures) * step, upright=False)


def draw_columns(figures: Sequence[Figure]) -> Chart:
    """Return columns from left to right, as high as their values."""
    most, step = max((one.value for one in figures), default=0) or 1, WIDTH / max(1, len(figures))
    every = -(-len(figures) // LABELLED)
    marks = []
    for place, one in enumerate(figures):
        height, width = round(one.value / most * COLUMN_AREA, 1), min(step * 0.7, WIDEST_COLUMN)
        x, y = round(place * step + (step - width) / 2, 1), HEADROOM + COLUMN_AREA - height
        labelled = (len(figures) - 1 - place) % every == 0
        marks.append(Mark(one, x, round(y, 1), round(width, 1), height, labelled))
    return Chart(marks, WIDTH, HEADROOM + COLUMN_AREA + FOOT, upright=True)
