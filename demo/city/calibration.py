"""The published figures of Yuyao and Ningbo (DOMAIN 1), scaled."""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Figures:
    """Figures that both courts have published; certificates and consents are estimates.

    granted, lent: credit lines and loans on gold, in units of CNY 10,000: 1.7 billion, and almost 1.0 billion.
    """

    samples: int = 27_768
    persons_with_deductions: int = 453
    red: int = 286
    yellow: int = 29_672
    blue: int = 3_813
    certificates: int = 1_200
    conversions: int = 103
    look_ups: int = 31_878
    consents: int = 2_400
    granted: int = 170_000
    lent: int = 99_600

    def scaled(self, scale: float) -> "Figures":
        """The figures multiplied by `scale`, at least 1 each."""
        return Figures(**{field.name: max(1, round(getattr(self, field.name) * scale)) for field in fields(self)})

    def less(self, there: "Figures") -> "Figures":
        """What is missing to these figures beside what is there. At least half of each, so that a small city has it."""
        return Figures(**{field.name: self._subtract(there, field.name) for field in fields(self)})

    def _subtract(self, there: "Figures", name: str) -> int:
        figure, found = int(getattr(self, name)), int(getattr(there, name))
        return max(figure - found, (figure + 1) // 2)


NOTHING = Figures(**{field.name: 0 for field in fields(Figures)})
"""The figures of an empty database."""
