"""Two courts at work over HTTP: staff who sign in, partners who ask, and a calendar that tests turn."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from import_files import line, write_csv
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.testclient import TestClient
from world import ISSUER, KEYRING

from auth.audiences import Audience
from auth.clients.registration import Registration
from auth.clients.registry import add_client
from auth.scopes import Scope
from auth.server.accounts import Account, Password, add_staff
from auth.server.token_client import ClientCredential, User, request_token
from demo.city.cast import CHEN, DEMO_VILLAGE, FORGE, LIN, WANG, ZHAO, Subject
from demo.clients import REDIRECT_URI, DemoClient, register_clients
from demo.staff import Browser
from demo.stage import LOOPBACK
from ingest.importing import import_file
from ingest.reference.catalogue import load_catalogue
from models.client import ClientProfile
from models.consent import Consent
from models.court import StaffRole
from models.household import Household, Village
from models.keyring import load_keyring
from models.party import Identity, Party
from postgres import database
from secret_file import create_secret
from server import create_app
from settings import Settings

YUYAO, NINGBO = "浙0281", "浙02"
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""A Monday, nine in the morning in Yuyao."""

POSTS = (*StaffRole, StaffRole.JUDGE, StaffRole.PANEL)
"""Two judges and two of the panel in each court, and one of each other role."""

CASES = (
    ("(2026)浙0281执11号", "余姚市人民法院", "民间借贷纠纷", CHEN, "被执行人"),
    ("(2026)浙0281执11号", "余姚市人民法院", "民间借贷纠纷", FORGE, "申请执行人"),
    ("(2026)浙0281执12号", "余姚市人民法院", "买卖合同纠纷", LIN, "被执行人"),
    ("(2026)浙0281执12号", "余姚市人民法院", "买卖合同纠纷", ZHAO, "被执行人"),
    ("(2025)浙0281民初13号", "余姚市人民法院", "买卖合同纠纷", WANG, "被告"),
    ("(2025)浙0281民初13号", "余姚市人民法院", "买卖合同纠纷", FORGE, "被告"),
    ("(2026)浙02民初14号", "宁波市中级人民法院", "建设工程施工合同纠纷", FORGE, "被告"),
    ("(2026)浙02民初14号", "宁波市中级人民法院", "建设工程施工合同纠纷", ZHAO, "第三人"),
)
KINDS = {True: ("自然人", "居民身份证"), False: ("法人", "统一社会信用代码")}


@dataclass
class Calendar:
    """The one clock of the service."""

    moment: datetime = START

    def __call__(self) -> datetime:
        return self.moment

    def turn(self, **by: float) -> None:
        """Let time go by."""
        self.moment += timedelta(**by)

    def go_to(self, day: date) -> None:
        """Nine in the morning of a later day."""
        later = datetime(day.year, day.month, day.day, 1, 0, tzinfo=UTC)
        assert later > self.moment
        self.moment = later


Who = tuple[str, StaffRole, int]
"""A member of staff: court, role, and which of those there."""


@dataclass
class Chambers:
    """The running service, who works there and who asks."""

    app: Starlette
    http: TestClient
    calendar: Calendar
    settings: Settings
    url: sa.URL
    clients: Mapping[Audience, DemoClient]
    front: DemoClient
    staff: Mapping[Who, Password]
    engine: sa.Engine
    tokens: dict[Any, tuple[datetime, str]] = field(default_factory=dict)

    # --- who asks ----------------------------------------------------------------------------------------------------

    def officer(self, role: StaffRole, place: int = 0, court: str = YUYAO) -> str:
        """A token of a member of staff, fetched by signing in."""
        who = (court, role, place)
        return self._token(who, lambda: self._sign_in(who))

    def partner(self, audience: Audience, subject: Subject = CHEN) -> str:
        """A token of a partner's client; of the portal, on behalf of a subject."""
        portal = audience is Audience.LITIGANT_PORTAL
        return self._token((audience, subject.key if portal else ""), lambda: self._request(audience, subject))

    def _token(self, who: Any, fetch: Any) -> str:
        known = self.tokens.get(who)
        if known is None or known[0] < self.calendar.moment - timedelta(seconds=200):
            self.tokens[who] = known = (self.calendar.moment, fetch())
        return known[1]

    def _sign_in(self, who: Who) -> str:
        self.http.cookies.clear()
        credential = ClientCredential(ISSUER, self.front.client_id, dict(self.front.key))
        return Browser(self.http, credential).sign_in(self.staff[who], self.calendar.moment.timestamp())

    def _request(self, audience: Audience, subject: Subject) -> str:
        client = self.clients[audience]
        user = User("user-1", subject.name, subject.number) if audience is Audience.LITIGANT_PORTAL else None
        credential = ClientCredential(ISSUER, client.client_id, dict(client.key))
        now = self.calendar.moment.timestamp()
        return str(request_token(credential, self.http, now, user=user)["access_token"])

    # --- what is asked -----------------------------------------------------------------------------------------------

    def post(self, token: str, document: str, variables: Mapping[str, Any] | None = None, **headers: str) -> Any:
        """The raw response."""
        body = {"query": document, "variables": dict(variables or {})}
        return self.http.post("/graphql", json=body, headers={"authorization": f"Bearer {token}", **headers})

    def data(self, token: str, document: str, variables: Mapping[str, Any] | None = None) -> Any:
        """The data of an answer without errors."""
        answer = self.post(token, document, variables).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def mutate(self, token: str, name: str, shows: str, /, key: str | None = None, **given: Any) -> Any:
        """The payload of a mutation, ten seconds after the one before. `shows`: what is read of the changed object."""
        self.calendar.turn(seconds=10)
        document = mutation(name, shows)
        response = self.post(token, document, {"input": given}, **{"idempotency-key": key or str(uuid4())})
        answer = response.json()
        assert "errors" not in answer, answer
        return answer["data"][name]

    def done(self, token: str, name: str, shows: str, /, **given: Any) -> Any:
        """The changed object of a mutation that is not refused."""
        payload = self.mutate(token, name, shows, **given)
        assert payload["errors"] == [], payload["errors"]
        return next(value for key, value in payload.items() if key != "errors")

    def refused(self, token: str, name: str, shows: str, /, **given: Any) -> Any:
        """The one error of a mutation that is refused."""
        payload = self.mutate(token, name, shows, **given)
        assert [value for key, value in payload.items() if key != "errors"] == [None]
        (error,) = payload["errors"]
        assert error["hint"]
        assert error["message"].endswith(".")
        return error

    # --- what there is -----------------------------------------------------------------------------------------------

    def case(self, number: str, court: str = YUYAO) -> Any:
        """A case with its parties, as a judge sees it."""
        token = self.officer(StaffRole.JUDGE, court=court)
        return self.data(token, CASE, {"number": number})["case"]

    def party(self, number: str, subject: Subject) -> tuple[str, str]:
        """The ids of a case and of a party of it."""
        found = self.case(number)
        ids = [part["party"]["id"] for part in found["participations"] if part["name"] == subject.name]
        return found["id"], ids[0]


CASE = """query($number: String!) { case(number: $number) {
  id participations { name role party { id } } } }"""


NOUNS = {
    "recordPerformance": "repairPerformance",
    "revokePerformance": "repairPerformance",
    "setPanelQuorum": "panelRule",
    "enterSuspicion": "codeRecord",
    "clearSuspicion": "codeRecord",
    "confirmSuspicion": "codeRecord",
    "openDivision": "division",
    "markCase": "caseMark",
    "transferCase": "case",
    "openBatch": "batch",
    "publishBatch": "batch",
    "answerObjection": "objection",
    "claimIdentity": "identityClaim",
    "answerIdentityClaim": "identityClaim",
    "fileObjection": "objection",
    "reexamineObjection": "objection",
    "decideRepair": "repair",
    "applyForRepair": "repair",
    "endRepair": "codeRecord",
    "recordSanction": "sanction",
    "revokeSanction": "sanction",
    "issueCertificate": "certificate",
    "revokeCertificate": "certificate",
    "confirmConversion": "pointConversion",
    "returnConversion": "pointConversion",
    "acknowledgeNotice": "villageNotice",
    "recordRecognition": "measure",
    "listLender": "listing",
    "listDebtor": "listing",
    "listLitigant": "listing",
    "gradeListing": "listing",
    "liftListing": "listing",
    "recordSettlementPerformed": "settlement",
    "revokeSettlement": "settlement",
    "enrolMember": "householdMember",
    "endMembership": "householdMember",
    "removeListing": "listing",
    "resolveIdentity": "identityAct",
    "correctName": "identityAct",
    "mergeParties": "identityAct",
    "splitParty": "identityAct",
    "decideIdentityAct": "identityAct",
    "publishBulletin": "bulletin",
    "issueConsequenceNotice": "consequenceNotice",
    "recordAward": "arbitralAward",
    "reportAwardPerformance": "arbitralAward",
    "withdrawAward": "arbitralAward",
    "issueAwardNotice": "consequenceNotice",
    "reportRefusal": "awardRefusal",
    "publishRefusal": "awardRefusal",
    "returnRefusal": "awardRefusal",
    "withdrawRefusal": "awardRefusal",
    "registerConsent": "consent",
    "grantConsent": "consent",
    "revokeConsent": "consent",
    "disputeConsent": "consentAudit",
    "showLetter": "consentAudit",
    "settleConsentAudit": "consentAudit",
    "createShareCode": "shareCode",
    "revokeShareCode": "shareCode",
    "issueIntegrityReport": "integrityReport",
    "revokeIntegrityReport": "integrityReport",
    "createWebhook": "webhook",
    "changeWebhook": "webhook",
    "deleteWebhook": "webhook",
    "rotateWebhookKeys": "webhook",
    "disableWebhook": "webhook",
    "enableWebhook": "webhook",
    "replayEvents": "webhook",
    "reportRisk": "riskReport",
    "forwardDispute": "forwardedDispute",
    "answerDispute": "forwardedDispute",
    "answerRiskReport": "riskReport",
    "recordIncentiveLoan": "incentiveLoan",
    "closeIncentiveLoan": "incentiveLoan",
    "recordCreditLine": "creditLine",
    "closeCreditLine": "creditLine",
    "watch": "lines",
    "unwatch": "lines",
}


def mutation(name: str, shows: str) -> str:
    """The document of a mutation."""
    noun, given = NOUNS.get(name, "deduction"), f"{name[0].upper()}{name[1:]}Input"
    return (
        f"mutation($input: {given}!) {{ {name}(input: $input) {{ {noun} {{ {shows} }} "
        "errors { code message path hint } } }"
    )


def lay_out(url: sa.URL, settings: Settings) -> None:
    """Fill an empty, migrated database: keys, the catalogue, the cases."""
    keys = {half: [key.hex() for key in getattr(KEYRING, half)] for half in ("sealing", "indexing")}
    create_secret(settings.key_file, json.dumps(keys))
    asyncio.run(_fill(url, load_keyring(settings.key_file), settings.data_dir))


def furnish(engine: sa.Engine) -> tuple[dict[Audience, DemoClient], DemoClient, dict[Who, Password]]:
    """Register partners, the courts' own client and their staff; gives all three."""
    with engine.begin() as connection:
        clients = register_clients(connection, START)
        front = _register_front(connection)
        staff = dict(_appoint(connection))
        _settle(connection)
        _consent(connection, clients)
    return clients, front, staff


@contextmanager
def open_chambers(url: sa.URL, directory: Path) -> Iterator[Chambers]:
    """The service over an empty, migrated database: catalogue, clients, cases, staff, consents."""
    settings = Settings(
        data_dir=directory,
        issuer=ISSUER,
        request_timeout=60,
        statement_timeout=30,
        worker=False,
        budget=0,
        webhook_networks=(LOOPBACK,),
    )
    lay_out(url, settings)
    engine, calendar = database.make_sync_engine(url), Calendar()
    clients, front, staff = furnish(engine)
    app = create_app(settings, url, calendar)
    with TestClient(app, base_url=ISSUER, raise_server_exceptions=False) as http:
        yield Chambers(app, http, calendar, settings, url, clients, front, staff, engine)
    engine.dispose()


async def _fill(url: sa.URL, keyring: Any, directory: Path) -> None:
    engine = database.make_async_engine(url, pool_size=2, statement_timeout=30)
    async with engine.begin() as connection:
        await load_catalogue(connection)
    file = write_csv(directory / "cases.csv", [_line(*case) for case in CASES])
    await import_file(engine, "cases", file, keyring=keyring)
    await engine.dispose()


def _line(number: str, court: str, cause: str, subject: Subject, role: str) -> Sequence[str]:
    kind, number_type = KINDS[not subject.number.startswith("9")]
    return line(
        案号=number,
        经办法院=court,
        案由=cause,
        立案日期="2026-01-05" if number.startswith("(2026") else "2025-06-05",
        结案日期="",
        诉讼地位=role,
        当事人类型=kind,
        姓名或名称=subject.name,
        证件类型=number_type,
        证件号码=subject.number,
        村社区=DEMO_VILLAGE,
    )


def _register_front(connection: sa.Connection) -> DemoClient:
    """The web application that staff of both courts use."""
    key = ECKey.generate_key("P-256", auto_kid=True)
    registration = Registration(
        name="宁波法院诉信平台",
        audience=Audience.COURT,
        client_id="front",
        jwks={"keys": [key.as_dict(private=False)]},
        court_code=NINGBO,
        redirect_uris=[REDIRECT_URI],
        profile=ClientProfile.PILOT,
    )
    add_client(connection, registration, now=START, allow_pilot_persons=True)
    return DemoClient("front", key.as_dict(private=True), 0)


def _appoint(connection: sa.Connection) -> Iterator[tuple[Who, Password]]:
    for court, town in ((YUYAO, "yuyao"), (NINGBO, "ningbo")):
        for index, role in enumerate(POSTS):
            place = POSTS[:index].count(role)
            username = f"{town}-{role.lower()}-{place}"
            yield (court, role, place), add_staff(connection, Account(username, username, role, court))


def _settle(connection: sa.Connection) -> None:
    """Each person lives in a household of the village."""
    village = connection.scalar(sa.select(Village.id).where(Village.name == DEMO_VILLAGE))
    for party in (
        connection.execute(sa.select(Party.id).where(Party.kind == "PERSON").order_by(Party.id)).scalars().all()
    ):
        values = {"key": f"NH-{party:04d}", "village_id": village}
        household = connection.execute(sa.insert(Household).values(values).returning(Household.id)).scalar_one()
        connection.execute(sa.update(Party).where(Party.id == party).values(household_id=household))


def _consent(connection: sa.Connection, clients: Mapping[Audience, DemoClient]) -> None:
    """Everybody lets the bank and the employer look, for two years."""
    granted = {
        Audience.BANK: (["LOAN_APPROVAL"], [Scope.PERSON_CREDIT, Scope.PERSON_INTEGRITY]),
        Audience.EMPLOYER: (["SENIOR_POST_QUALIFICATION"], [Scope.PERSON_INTEGRITY]),
    }
    for index in connection.execute(sa.select(Identity.index)).scalars().all():
        for audience, (purposes, scopes) in granted.items():
            values = {"purposes": purposes, "scopes": scopes, "signed_on": START.date(), "subject_index": index}
            span = {"valid_from": START - timedelta(days=1), "valid_to": START + timedelta(days=730)}
            reference = f"{audience}-{index.hex()}"
            key = clients[audience].primary_key
            connection.execute(sa.insert(Consent).values(reference=reference, client_key=key, **values, **span))
