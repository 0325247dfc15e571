"""What a bank does with one person's credit, and the person with its own record: steps, and the looks that show it."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

from chambers import NINGBO, Chambers, mutation
from looks import BANK, CENTRE, PANEL, PORTAL, Scenes, look
from play import JUDGMENT, TRIED
from sequencing import log_answers
from views import key

from auth.audiences import Audience
from auth.log_key import load_signer
from demo.city.cast import LIN, WANG
from jobs.access_indexer import AccessIndexer
from postgres import database
from schema.scalars import write_moment

PUBLIC, EMPLOYER = Audience.PUBLIC_PORTAL, Audience.EMPLOYER
BOTH = ["person.credit.read", "person.integrity.read"]

LENDING = """{ portfolio(first: 9, access: { purpose: POST_LOAN_MONITORING }) { nodes { colour grade lastChange } }
  creditLines(first: 9) { nodes { amount lent drawn repaid open } } consentAudits(first: 9) { nodes { dueAt finding } }
  }"""
GUARANTEED = """query($by: SubjectKey!) { subject(by: $by, access: { purpose: GUARANTEE_REVIEW }) { outcome party {
  creditCode { colour } } } }"""
OWN = """{ me { consents { purposes suspendedAt } shareCodes { purposes usedAt revokedAt }
  notices(first: 50) { nodes { kind } } } }"""
AUDITS = """{ consentAudits(first: 9) { nodes { statement finding } }
  statistics(of: CREDIT_LINES, groupBy: [STATUS], first: 9) { status count amount lent repaid } }"""
SHOWN = """query($code: String!) { shownReport(code: $code) { name maskedNumber colour records(first: 9) { nodes {
  kind } } } }"""

LOOK_UPS = """{ statistics(of: LOOK_UPS, groupBy: [RESULT], first: 9, filter: { audience: "PUBLIC_PORTAL" }) {
  result count } }"""
LOOKED_UP = """query($by: SubjectKey!) { subject(by: $by, access: { purpose: LOAN_APPROVAL }) { party {
  deductions(first: 9) { nodes { points behaviour { code } } } } } }"""
KEPT = "($receipt: String!, $data: String!, $query: String!, $variables: String!"
GIVEN = "receipt: $receipt, data: $data, query: $query, variables: $variables"
CONFIRM = f"query{KEPT}) {{ transparencyLog {{ confirm({GIVEN}) {{ verdict }} }} }}"
NOTIFY = f"""query{KEPT}, $decision: AdverseDecisionInput!) {{ transparencyLog {{
  adverseNotice({GIVEN}, decision: $decision) {{ text }} }} }}"""
REFUSAL = {
    "addressee": WANG.name,
    "reference": "DK-1",
    "what": "拒绝贷款申请",
    "reasons": "诉讼信用存在扣分。",
    "decidedOn": "2026-03-02",
    "automated": False,
    "contact": "0574-62700000",
}


class PartnerScenes(Scenes):
    """The steps of a bank, and of the person about whom it asks; the looks add the desks of both, and what was kept."""

    def __init__(self, chambers: Chambers) -> None:
        super().__init__(chambers, WANG)
        self.code = ""
        self.kept = {"receipt": "", "data": "{}", "query": "", "variables": "{}"}

    def look_all(self) -> dict[str, str]:
        """The answers of all audiences. Whoever holds a share code asks last, as that uses the code up."""
        chambers, kept, seen = self.chambers, self.kept, super().look_all()
        partner, officer = chambers.partner, chambers.officer
        return seen | {
            "lender": look(chambers, partner(BANK), LENDING),
            "guarantee": look(chambers, partner(BANK), GUARANTEED, by=key(WANG)),
            "own desk": look(chambers, partner(PORTAL, WANG), OWN),
            "another's desk": look(chambers, partner(PORTAL, LIN), OWN),
            "audits": look(chambers, officer(CENTRE), AUDITS),
            "audits above": look(chambers, officer(CENTRE, court=NINGBO), AUDITS),
            "kept by the bank": look(chambers, partner(BANK), CONFIRM, **kept),
            "kept, and shown to its subject": look(chambers, partner(PORTAL, WANG), CONFIRM, **kept),
            "notice": self.look_at_notice(BANK),
            "notice by another": self.look_at_notice(EMPLOYER),
            "holder": look(chambers, partner(PUBLIC), SHOWN, code=self.code),
        }

    def look_at_notice(self, audience: Audience) -> str:
        """The status and the codes of an adverse-action notice, and which of the facts its text tells."""
        token, given = self.chambers.partner(audience), {**self.kept, "decision": REFUSAL}
        status, *told = look(self.chambers, token, NOTIFY, **given).split(maxsplit=1)
        facts = [fact for fact in (WANG.name, "拒绝贷款申请", "T02", WANG.number) if fact in "".join(told)]
        return " ".join([status, *facts] if facts else [status, *told])

    # --- credit lines and the portfolio ------------------------------------------------------------------------------

    def register(self, letter: str, *purposes: str) -> None:
        until = write_moment(self.chambers.calendar.moment + timedelta(365))
        given = {"letterNumber": letter, "idNumber": WANG.number, "signedOn": self.today, "validTo": until}
        self.ids[letter] = self.by(
            BANK, "registerConsent", **given, purposes=list(purposes), scopes=BOTH, evidenceHash="5c" * 32
        )["id"]

    def watch(self) -> None:
        (line,) = self.by(BANK, "watch", "outcome", subjects=[key(WANG) | {"reference": "KH-1"}])
        assert line == {"outcome": "WATCHED"}, line

    def certify(self) -> None:
        case, party = self.chambers.party(TRIED, WANG)
        given = {"number": "履行1号", "caseId": case, "partyId": party, "performedOn": self.today, "reason": "付清。"}
        self.by(CENTRE, "issueCertificate", **given)

    def grant(self) -> None:
        given = {"reference": "SX-1", "amount": "300000.00", "grantedOn": self.today, "expiresOn": "2027-03-01"}
        self.ids["line"] = self.by(BANK, "recordCreditLine", **key(WANG), **given)["id"]

    def draw(self) -> None:
        given = {"reference": "SX-1-1", "amount": "100000.00", "grantedOn": self.today}
        loan = self.by(BANK, "recordIncentiveLoan", **key(WANG), **given, creditLineId=self.ids["line"])
        self.ids["loan"] = loan["id"]

    def repay(self) -> None:
        self.by(BANK, "closeIncentiveLoan", id=self.ids["loan"], outcome="REPAID", closedOn=self.today)

    # --- share codes -------------------------------------------------------------------------------------------------

    def share(self, *, once: bool) -> None:
        self.chambers.calendar.turn(seconds=10)
        until = write_moment(self.chambers.calendar.moment + timedelta(7))
        given = key(WANG) | {"purposes": ["PUBLIC_LOOKUP"], "scopes": BOTH, "validTo": until, "singleUse": once}
        document = mutation("createShareCode", "id").replace("errors {", "code errors {")
        headers = {"idempotency-key": str(uuid4())}
        answer = self.chambers.post(self.chambers.partner(PORTAL, WANG), document, {"input": given}, **headers).json()
        made = answer["data"]["createShareCode"]
        assert made["errors"] == [], made
        self.code, self.ids["code"] = made["code"], made["shareCode"]["id"]

    def index(self) -> None:
        """The worker notes whose code was used. The subject's log names who asked by it, and figures count it (R28)."""

        async def work() -> None:
            engine = database.make_async_engine(self.chambers.url, pool_size=1, statement_timeout=30)
            await AccessIndexer(engine=engine).start_due()
            await engine.dispose()

        asyncio.run(work())
        asked = "{ me { accessRecords(first: 100) { nodes { field purpose client { name } } } } }"
        log = self.chambers.data(self.chambers.partner(PORTAL, WANG), asked)["me"]["accessRecords"]["nodes"]
        by_code = {"field": "shownReport", "purpose": "PUBLIC_LOOKUP", "client": {"name": "诉查查公开查询 (demo)"}}
        assert [entry for entry in log if entry["field"] == "shownReport"] == [by_code], log
        figures = self.chambers.data(self.chambers.officer(CENTRE), LOOK_UPS)["statistics"]
        assert {"result": "MATCHED", "count": 1} in figures, figures

    def revoke_code(self) -> None:
        self.by(PORTAL, "revokeShareCode", id=self.ids["code"])

    # --- a letter that nobody signed, and an answer that was kept -----------------------------------------------------

    def dispute(self) -> None:
        self.by(PORTAL, "disputeConsent", id=self.ids["SQ-2"], statement="我没有签过。")

    def publish(self) -> None:
        (self.ids["item"],) = self.courts.published((TRIED, WANG, "T02", 6, JUDGMENT), role="DEFENDANT")

    def keep(self) -> None:
        """The bank keeps an answer with its receipt, and the worker writes the transparency log."""
        chambers, variables = self.chambers, {"by": key(WANG)}
        body = {"query": LOOKED_UP, "variables": variables, "extensions": {"receipt": True}}
        headers = {"authorization": f"Bearer {chambers.partner(BANK)}"}
        answer: Any = chambers.http.post("/graphql", json=body, headers=headers).json()
        self.kept = {"receipt": answer["extensions"]["receipt"], "data": json.dumps(answer["data"])}
        self.kept |= {"query": LOOKED_UP, "variables": json.dumps(variables)}
        log_answers(chambers.url, load_signer(chambers.settings.log_key_file, chambers.settings.log_origin))

    def withdraw(self) -> None:
        objection = self.by(PORTAL, "fileObjection", deductionId=self.ids["item"], statement="不属实。")["id"]
        given = {"id": objection, "outcome": "WITHDRAWN", "reason": "异议成立。"}
        self.chambers.done(self.chambers.officer(PANEL, 1), "answerObjection", "id", **given)
