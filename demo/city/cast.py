"""Subjects with scripted histories that examples, tests and documentation refer to by name.

Names and numbers are invented. Persons were born before 1910; organization codes belong to no registry.
"""

from dataclasses import dataclass

from models.audience import Audience
from models.party import IdentityType, PartyKind

DEMO_COURT = "浙0281"
"""The court of the demo's COURT client."""

DEMO_VILLAGE = "泗门镇小路下村"
"""The village of the demo's VILLAGE client, and of CHEN's household."""

CHEN_HOUSEHOLD = "NH-33028100001"
"""The key of CHEN's household at the moral bank."""

ZHAO_SHARE_CODE = "SX-7Q4M-K2TD-9WZR"
"""A valid share code of ZHAO. The database stores its SHA-256 only."""

EXPIRED_SHARE_CODE = "SX-4HNB-6XPC-3VJE"
"""An expired share code of ZHAO."""

CHEN_SHOWN_CODE = "SX-5TGB-2YHN-7UJM"
"""A valid share code of CHEN for whoever is shown it, with all scopes."""

REVOKED_SHARE_CODE = "SX-9FKR-2LWA-8QTM"
"""A revoked share code of CHEN."""


@dataclass(frozen=True)
class Subject:
    """A subject. `key` is its name in this module."""

    key: str
    name: str
    number: str

    @property
    def identity_type(self) -> IdentityType:
        """Organization codes begin with 9 (GB 32100), resident numbers with a division (GB 11643)."""
        if self.number.startswith("9"):
            return IdentityType.UNIFIED_SOCIAL_CREDIT_CODE
        return IdentityType.RESIDENT_ID

    @property
    def kind(self) -> PartyKind:
        """A natural person or an organization."""
        return PartyKind.PERSON if self.identity_type is IdentityType.RESIDENT_ID else PartyKind.ORGANIZATION

    def letter(self, audience: Audience) -> str:
        """The reference of the authorisation letter for the demo client of `audience`."""
        return f"SQ-{audience}-{self.key}"


CHEN = Subject("CHEN", "陈守信", "330281190001010004")
"""YELLOW by a current listing (Y18). A published T1 deduction with an open objection; a published T2 deduction that a
granted repair shortened. A household with conversions. Plaintiff of a labour case and holder of a certificate from it,
which employers never see. BANK holds consent for all its purposes, EMPLOYER for both of its own."""

LIN = Subject("LIN", "林改过", "330281190001010012")
"""BLUE by a repaired listing. One shielded deduction with its shielded Y04 record, one withdrawn, one expired: none of
them is visible outside the court. BANK holds consent."""

WANG = Subject("WANG", "王自觉", "330203190002020029")
"""GOLD by a certificate. BANK holds consent for INCENTIVE_LOAN only."""

ZHAO = Subject("ZHAO", "赵拘留", "330212190003030030")
"""RED by detention (R02), with a T3 deduction for the same act, and a listing in force. EMPLOYER holds consent for
SENIOR_POST_QUALIFICATION, and ZHAO_SHARE_CODE is valid; BANK has no consent."""

FORGE = Subject("FORGE", "宁波失信建材有限公司", "913302009999999127")
"""RED by a fine (R03), listed (Y18), with visible deductions."""

TOOLS = Subject("TOOLS", "余姚市诚信五金有限公司", "91330281999999904N")
"""GREEN, with one visible T1 deduction, which does not change the colour."""

AWARD = Subject("AWARD", "宁波金榜电器有限公司", "91330212999999920E")
"""GOLD by a certificate."""

MINOR = Subject("MINOR", "季小童", "330281201012019005")
"""Fifteen at the time of the conduct: a published deduction and a record, neither public. Not disclosed outside the
court. BANK holds consent.
"""

SUSPECT = Subject("SUSPECT", "孔存疑", "330281190104040011")
"""A suspicion of false litigation (Y03) and an ordinary participation: YELLOW for judges, GREEN outside. BANK holds
consent."""

SECLUDED = Subject("SECLUDED", "沈隐私", "330281190105050019")
"""Known only from a case closed for privacy, with a published deduction there. Not disclosed. BANK holds consent."""

STRANGER = Subject("STRANGER", "白素昧", "330281190206060013")
"""No party of any case. BANK holds consent by the keyed hash of the number."""

UNCONSENTED = Subject("UNCONSENTED", "吴未允", "330203190207070011")
"""A person with a visible deduction and no consent."""

EXPIRED_CONSENT = Subject("EXPIRED_CONSENT", "钱过期", "330281190308080015")
"""A person whose consent for BANK has expired."""

REVOKED_CONSENT = Subject("REVOKED_CONSENT", "孙撤回", "33028119040909001X")
"""A person whose consent for BANK was revoked."""

FAMILY = Subject("FAMILY", "周家事", "330281190510100016")
"""A visible deduction in a family case, served without number and counterparty (R16). BANK holds consent."""

TRADE = Subject("TRADE", "余姚市秘方食品有限公司", "91330281999999931G")
"""A visible deduction in a trade-secret case, served without its number (R16)."""

CAST = (
    CHEN, LIN, WANG, ZHAO, FORGE, TOOLS, AWARD, MINOR, SUSPECT, SECLUDED, STRANGER, UNCONSENTED, EXPIRED_CONSENT,
    REVOKED_CONSENT, FAMILY, TRADE,
)  # fmt: skip
"""All subjects above. All but STRANGER are parties."""
