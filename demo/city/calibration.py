"""How large the city is: the published figures of Yuyao and Ningbo (DOMAIN 1), scaled."""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Figures:
    """What both courts have published about their systems, and two figures of our own: certificates and consents."""

    samples: int = 27_768
    persons_with_deductions: int = 453
    red: int = 286
    yellow: int = 29_672
    blue: int = 3_813
    certificates: int = 1_200
    conversions: int = 103
    look_ups: int = 31_878
    consents: int = 2_400

    def scaled(self, scale: float) -> "Figures":
        """The same proportions in another size: at least one of each."""
        return Figures(**{field.name: max(1, round(getattr(self, field.name) * scale)) for field in fields(self)})
