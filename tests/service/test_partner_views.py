"""What a bank does with one person's credit, as every audience sees it: answers before and after each step."""

from chambers import Chambers
from looks import NOBODY, Step, of_courts, play
from partner_scenes import PartnerScenes
from play import night

from demo.city.cast import WANG

CONSENTED = "SENIOR_POST_QUALIFICATION LOAN_APPROVAL"
BY_LETTER = f"INCENTIVE_LOAN POST_LOAN_MONITORING {CONSENTED}"
SHARED = "PUBLIC_LOOKUP 2026-03-02"
TOLD = "SHARE_CODE_USED CONSENT_REGISTERED"
REPAID = "300000.00 100000.00 0.00 100000.00 True"
PERSON = f"{WANG.name} {WANG.number[:6]}{'*' * 8}{WANG.number[-4:]} GOLD CERTIFICATE GOLD_RECORD"
NOTHING = NOBODY | {
    "lender": "200",
    "guarantee": "200 CONSENT_REQUIRED",
    "own desk": f"200 {CONSENTED}",
    "another's desk": f"200 {CONSENTED}",
    "audits": "200",
    "audits above": "200",
    "kept by the bank": "200",
    "kept, and shown to its subject": "200",
    "notice": "200",
    "notice by another": "200",
    "holder": "200",
}


def audits(told: str) -> dict[str, str]:
    """Both courts see the same."""
    return {"audits": f"200 {told}", "audits above": f"200 {told}"}


STEPS: list[Step] = [
    (
        "the bank registers a letter",
        lambda scenes: scenes.register("SQ-1", "INCENTIVE_LOAN", "POST_LOAN_MONITORING"),
        {"own desk": f"200 {BY_LETTER} CONSENT_REGISTERED"},
    ),
    ("the bank watches its customer", PartnerScenes.watch, {"lender": "200 GREEN A"}),
    (
        "performance is certified",
        PartnerScenes.certify,
        {
            "bank": "200 MATCHED GOLD 0 0",
            "employer": "200 MATCHED 履行1号",
            "self": "200 GOLD 0",
            "moral_bank": "200 MB1 5 COURT_ASSESSED",
            "credit_platform": "200 PUBLISHED",
            "lender": "200 GOLD AA COLOUR_CHANGED",
            **of_courts("GOLD 0 0"),
        },
    ),
    (
        "the bank grants a credit line",
        PartnerScenes.grant,
        {
            "lender": "200 GOLD AA COLOUR_CHANGED 300000.00 0.00 0.00 0.00 True",
            **audits("OPEN 1 300000.00 0.00 0.00"),
        },
    ),
    (
        "a loan is drawn on it",
        PartnerScenes.draw,
        {
            "lender": "200 GOLD AA COLOUR_CHANGED 300000.00 100000.00 100000.00 0.00 True",
            **audits("OPEN 1 300000.00 100000.00 0.00"),
        },
    ),
    (
        "the loan is repaid",
        PartnerScenes.repay,
        {"lender": f"200 GOLD AA COLOUR_CHANGED {REPAID}", **audits("OPEN 1 300000.00 100000.00 100000.00")},
    ),
    (
        "the person makes a code, which shows its record once",
        lambda scenes: scenes.share(once=True),
        {"own desk": f"200 {BY_LETTER} PUBLIC_LOOKUP CONSENT_REGISTERED", "holder": f"200 {PERSON}"},
    ),
    (
        "the code was used, and its maker is told",
        PartnerScenes.index,
        {"own desk": f"200 {BY_LETTER} {SHARED} {TOLD}", "holder": "200"},
    ),
    (
        "the person makes a code for many answers",
        lambda scenes: scenes.share(once=False),
        {"own desk": f"200 {BY_LETTER} PUBLIC_LOOKUP {SHARED} {TOLD}", "holder": f"200 {PERSON}"},
    ),
    (
        "the code is revoked",
        PartnerScenes.revoke_code,
        {"own desk": f"200 {BY_LETTER} {SHARED} {SHARED} {TOLD}", "holder": "200"},
    ),
    (
        "the bank registers a letter that nobody signed",
        lambda scenes: scenes.register("SQ-2", "GUARANTEE_REVIEW"),
        {
            "guarantee": "200 MATCHED GOLD",
            "own desk": f"200 GUARANTEE_REVIEW {BY_LETTER} {SHARED} {SHARED} CONSENT_REGISTERED {TOLD}",
        },
    ),
    (
        "its subject disputes it",
        PartnerScenes.dispute,
        {
            "guarantee": "200 CONSENT_REQUIRED",
            "lender": f"200 GOLD AA CONSENT_SUSPENDED {REPAID} 2026-03-17",
            "own desk": f"200 GUARANTEE_REVIEW 2026-03-02 {BY_LETTER} {SHARED} {SHARED} CONSENT_REGISTERED {TOLD}",
            **audits("我没有签过。 OPEN 1 300000.00 100000.00 100000.00"),
        },
    ),
    (
        "a deduction is published",
        PartnerScenes.publish,
        {
            "bank": "200 MATCHED YELLOW 6 False 0 0",
            "public": "200 1 DEDUCTION False",
            "self": "200 YELLOW 6 False 0",
            "moral_bank": "200 MD2 -6 COURT_ASSESSED MB1 5 COURT_ASSESSED",
            "lender": f"200 YELLOW C COLOUR_CHANGED {REPAID} 2026-03-17",
            **of_courts("YELLOW 6 False 0 0"),
        },
    ),
    (
        "the bank keeps an answer, which is confirmed, and explains a decision by it",
        PartnerScenes.keep,
        {
            "kept by the bank": "200 AUTHENTIC",
            "kept, and shown to its subject": "200 AUTHENTIC",
            "notice": f"200 {WANG.name} 拒绝贷款申请 T02",
            "notice by another": "200 BAD_INPUT",
        },
    ),
    (
        "the panel withdraws the deduction",
        PartnerScenes.withdraw,
        {
            "bank": "200 MATCHED GOLD 0 0",
            "public": "200 0",
            "self": "200 GOLD 6 False 0",
            "moral_bank": "200 MD2 6 COURT_ASSESSED MD2 -6 COURT_ASSESSED MB1 5 COURT_ASSESSED",
            "lender": f"200 GOLD AA OBJECTION_CLOSED {REPAID} 2026-03-17",
            **of_courts("GOLD 6 False 0 0"),
        },
    ),
]
"""The steps, and the looks that each changes."""


def test_each_step_changes_the_answers_of_those_whom_it_concerns(chambers: Chambers) -> None:
    night(chambers)
    assert play(PartnerScenes(chambers), STEPS, NOTHING) == {}
