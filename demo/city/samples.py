"""Ordinary cases of the demo court."""

from demo.city.cast import DEMO_COURT
from demo.city.draft import Draft
from demo.city.register import add_newcomer
from demo.records.cases import open_case, take_part
from models.court_case import Confidentiality, Role

PARTICIPANTS = (
    Role.AGENT, Role.THIRD_PARTY, Role.AGENT, Role.WITNESS, Role.AGENT, Role.APPRAISER, Role.AGENT, Role.OUTSIDER,
)  # fmt: skip
FAMILY_TURN = 3
SECRECY = {
    4: Confidentiality.PRIVACY,
    6: Confidentiality.TRADE_SECRET,
    8: Confidentiality.STATE_SECRET,
    104: Confidentiality.PRIVACY,
    206: Confidentiality.TRADE_SECRET,
    304: Confidentiality.PRIVACY,
}
"""The confidential ones among 400 cases. One of 20 is a family case."""


def fill_samples(draft: Draft, target: int) -> None:
    """Create cases until `target` participations are assessed."""
    index = 0
    while draft.assessed < target:
        _ordinary(draft, index, target - draft.assessed)
        index += 1


def _ordinary(draft: Draft, index: int, room: int) -> None:
    filed = draft.ago(20, 900)
    closed = draft.after(filed, 30, 180) if index % 5 else None
    usual = Confidentiality.FAMILY if index % 20 == FAMILY_TURN else Confidentiality.OPEN
    secrecy = SECRECY.get(index % 400, usual)
    characters = "财保" if index % 40 == 11 else "民初"
    case = open_case(draft, DEMO_COURT, characters, filed, closed, secrecy)
    roles = [Role.PLAINTIFF, Role.DEFENDANT, *PARTICIPANTS[index % 8 : index % 8 + 1 + index % 2]][:room]
    for role in roles:
        take_part(draft, case, add_newcomer(draft, DEMO_COURT, filed), role)
