"""Identity over time (R22): documents of every kind, renamings, conflicts, and what the Centre does about them."""

import asyncio
from dataclasses import dataclass
from datetime import date
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from chambers import Chambers
from emptying import empty_tables
from import_files import line, write_csv
from world import ISSUER, KEYRING

from auth.audiences import Audience
from auth.server.token_client import ClientCredential, User, request_token
from casework.names import name_parties
from ingest.importing import import_file
from ingest.report import Summary
from models.court import StaffRole
from models.event import Event
from models.party import Identity, Party
from models.party_name import PartyName
from postgres import database

CASES = Path(__file__).parents[2] / "examples" / "exports" / "odd"
NUMBER, RIGHT = "330281192005213449", "330281190409263363"
FIRST, OTHER = "测王守一", "测颜小丽"
CODE = "91330281MA2AF0QN18"
OLD, NEW = "余姚市测旧名电器有限公司", "余姚市测新名智能科技有限公司"
RED_CODE = "91330281MA2AF0QT1C"
DIGEST = "ab" * 32
CONTENT = (
    "party",
    "identity",
    "party_name",
    "identity_conflict",
    "code_period",
    "event",
    "participation",
    "listing",
    "sanction",
    "code_record",
)
SUBJECT = """query($by: SubjectKey!, $access: AccessInput!) { subject(by: $by, access: $access) {
  outcome matchedName party { name creditCode { colour } names { name standing } } } }"""
CONFLICTS = """query($state: ConflictState) { identityConflicts(first: 10, filter: {state: $state}) { nodes {
  id name state line firstLine outcome holder { id name } provisional { id name creditCode { colour } } } } }"""
PARTIES = """{ parties(first: 50) { nodes { id name creditCode { colour } names { name standing } } } }"""


@dataclass
class Register:
    """A court whose files come in while it works."""

    chambers: Chambers
    place: Path

    def bring(self, format: str, path: Path, exported_on: date | None = None) -> Summary:
        async def run() -> Summary:
            engine = database.make_async_engine(self.chambers.url, pool_size=4, statement_timeout=30)
            try:
                return await import_file(
                    engine,
                    format,
                    path,
                    keyring=KEYRING,
                    exported_on=exported_on,
                    now=self.chambers.calendar,
                    rejects=None,
                )
            finally:
                await engine.dispose()

        return asyncio.run(run())

    def lines(self, *changes: dict[str, str]) -> Summary:
        return self.bring("cases", write_csv(self.place / "lines.csv", [line(**change) for change in changes]))

    def rows(self, query: Any) -> list[Any]:
        with self.chambers.engine.connect() as connection:
            return list(connection.execute(query).all())

    def content(self) -> Any:
        """All that an import or a resolution writes, but for when."""
        return {
            table: self.rows(sa.text(f"SELECT (to_jsonb(t) - 'exported_on')::text FROM {table} t ORDER BY 1"))  # noqa: S608
            for table in CONTENT
        }

    def look_up(self, name: str, **number: Any) -> Any:
        token = self.chambers.partner(Audience.BANK)
        found = self.chambers.data(
            token, SUBJECT, {"by": {"name": name, **number}, "access": {"purpose": "LOAN_APPROVAL"}}
        )
        return found["subject"]

    def colour(self, name: str) -> list[str]:
        token = self.chambers.officer(StaffRole.CENTRE)
        found = self.chambers.data(token, PARTIES)["parties"]["nodes"]
        return [one["creditCode"]["colour"] for one in found if one["name"] == name]

    def conflicts(self, state: str | None = None) -> list[Any]:
        token = self.chambers.officer(StaffRole.CENTRE)
        return list(self.chambers.data(token, CONFLICTS, {"state": state})["identityConflicts"]["nodes"])

    def propose(self, name: str, /, **given: Any) -> str:
        given = {"reason": "公安机关出具了证明。", "evidenceDigest": DIGEST} | given
        return str(self.chambers.done(self.chambers.officer(StaffRole.CENTRE), name, "id state", **given)["id"])

    def confirm(self, act: str, confirmed: bool = True) -> str:
        token = self.chambers.officer(StaffRole.PRESIDENT)
        given = {"id": act, "confirmed": confirmed, "reason": "已核对。"}
        return str(self.chambers.done(token, "decideIdentityAct", "state", **given)["state"])

    def resolve(self, outcome: str, **given: Any) -> str:
        (conflict,) = self.conflicts("OPEN")
        return self.confirm(self.propose("resolveIdentity", id=conflict["id"], outcome=outcome, **given))


@pytest.fixture
def register(chambers: Chambers, tmp_path: Path) -> Register:
    with chambers.engine.begin() as connection:
        empty_tables(connection, "court_case", "party")
    return Register(chambers, tmp_path)


def bring_conflict(register: Register) -> tuple[Summary, Summary]:
    folder = CASES / "26-id-two-names"
    return register.bring("cases", folder / "cases.csv"), register.bring("shixin", folder / "shixin.jsonl")


# --- documents --------------------------------------------------------------------------------------------------------


def test_each_document_identifies(register: Register) -> None:
    summary = register.bring("cases", CASES / "20-party-kinds" / "cases.csv")
    assert (summary.accepted, summary.rejected, summary.unidentified) == (16, {}, 4)
    again = register.bring("cases", CASES / "20-party-kinds" / "cases.csv")
    assert (again.parties.new, again.records.new) == (0, 0)
    kinds = register.rows(
        sa.select(Identity.type, Identity.masked).join(Party).where(Party.name.in_(["CE SHI", "测回乡"]))
    )
    assert sorted(kinds) == [("HK_MACAO_PERMIT", "H1*****78"), ("PASSPORT", "EA*****67")]


def test_passport_in_two_files_is_one_person(register: Register) -> None:
    own = {"姓名或名称": "CE SHI", "证件类型": "护照", "证件号码": "EA1234567"}
    register.lines(own)
    assert register.lines(own | {"案号": "(2021)浙0281民初203号", "姓名或名称": "Ce  Shi"}).parties.new == 0
    asked = register.look_up("CE SHI", document={"kind": "PASSPORT", "number": "EA1234567"})
    assert asked["outcome"] == "CONSENT_REQUIRED"


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("together", [False, True])
def test_code_within_a_unified_code(register: Register, turned: bool, together: bool) -> None:
    company = {"当事人类型": "法人", "姓名或名称": NEW, "案号": "(2021)浙0281民初203号"}
    lines = [
        company | {"证件类型": "统一社会信用代码", "证件号码": CODE},
        company | {"证件类型": "组织机构代码", "证件号码": "MA2AF0QN-1", "案号": "(2021)浙0281民初204号"},
    ]
    lines = lines[::-1] if turned else lines
    for some in [lines] if together else [[one] for one in lines]:
        register.lines(*some)
    found = register.rows(
        sa.select(Identity.type, Identity.main).join(Party).where(Party.name == NEW).order_by(Identity.type)
    )
    assert found == [("ORGANIZATION_CODE", False), ("UNIFIED_SOCIAL_CREDIT_CODE", True)]


# --- renamings --------------------------------------------------------------------------------------------------------


RENAMING = (("cases", "cases-1-2019.csv"), ("cases", "cases-2-2023.csv"), ("shixin", "shixin-3.jsonl"))


@pytest.mark.parametrize("order", list(permutations(RENAMING)))
def test_renamed_company(register: Register, order: Any) -> None:
    for format, name in order:
        assert register.bring(format, CASES / "29-company-renamed" / name).warnings.get("NAME_DIFFERS", 0) == 0
    names = [{"name": NEW, "standing": "CURRENT"}, {"name": OLD, "standing": "FORMER"}]
    for name, matched in ((NEW, "CURRENT"), (OLD, "FORMER")):
        found = register.look_up(name, organizationCode=CODE)
        assert (found["outcome"], found["matchedName"], found["party"]["name"]) == ("MATCHED", matched, NEW)
        assert sorted(found["party"]["names"], key=lambda one: one["standing"]) == names
    assert register.look_up("余姚市别名有限公司", organizationCode=CODE)["outcome"] == "NAME_MISMATCH"
    before = register.content()
    for format, name in order:
        register.bring(format, CASES / "29-company-renamed" / name)
    assert register.content() == before


def test_current_name_is_settled_the_same_by_hand(register: Register) -> None:
    for format, name in RENAMING[:2]:
        register.bring(format, CASES / "29-company-renamed" / name)
    before = register.content()

    async def settle() -> None:
        engine = database.make_async_engine(register.chambers.url, pool_size=1, statement_timeout=30)
        async with engine.begin() as connection:
            await name_parties(connection, list((await connection.scalars(sa.select(Party.id))).all()))
        await engine.dispose()

    asyncio.run(settle())
    assert register.content() == before


def test_export_day_decides_where_court_days_do_not(register: Register) -> None:
    company = {"当事人类型": "法人", "证件类型": "统一社会信用代码", "证件号码": CODE}
    newer = write_csv(register.place / "newer.csv", [line(**company, 姓名或名称=NEW)])
    older = write_csv(register.place / "older.csv", [line(**company, 姓名或名称=OLD)])
    register.bring("cases", newer, date(2026, 2, 2))
    register.bring("cases", older, date(2026, 1, 1))
    assert register.rows(sa.select(Party.name).where(Party.name.in_([OLD, NEW]))) == [(NEW,)]


def test_fined_company_with_wide_brackets(register: Register) -> None:
    register.bring("sanctions", CASES / "37-red-bracket-company" / "sanctions.csv")
    for name in ("余姚市测红（控股）有限公司", "余姚市测红(控股)有限公司"):
        found = register.look_up(name, organizationCode=RED_CODE)
        assert (found["outcome"], found["party"]["creditCode"]["colour"]) == ("MATCHED", "RED")
        client = register.chambers.clients[Audience.LITIGANT_PORTAL]
        credential = ClientCredential(ISSUER, client.client_id, dict(client.key))
        now = register.chambers.calendar.moment.timestamp()
        answer = request_token(credential, register.chambers.http, now, user=User("u", name, RED_CODE))
        me = register.chambers.data(str(answer["access_token"]), "{ me { party { creditCode { colour } } } }")
        assert me["me"]["party"]["creditCode"]["colour"] == "RED"


# --- conflicts --------------------------------------------------------------------------------------------------------


def test_conflict_waits_and_reaches_nobody(register: Register) -> None:
    told = register.rows(sa.select(sa.func.count()).select_from(Event))
    cases, listings = bring_conflict(register)
    assert (cases.warnings["NAME_DIFFERS"], cases.conflicts, cases.held) == (1, [(3, 2)], 1)
    assert (listings.warnings["NAME_DIFFERS"], listings.conflicts, listings.held) == (1, [(1, None)], 1)
    (conflict,) = register.conflicts("OPEN")
    assert (conflict["name"], conflict["holder"]["name"], conflict["line"], conflict["firstLine"]) == (
        OTHER,
        FIRST,
        3,
        2,
    )
    assert (register.colour(FIRST), register.colour(OTHER)) == (["GREEN"], ["GREEN"])
    assert register.rows(sa.select(sa.func.count()).select_from(Event)) == told
    public = register.chambers.data(
        register.chambers.partner(Audience.PUBLIC_PORTAL), "{ listings(first: 50) { nodes { grounds } } }"
    )
    assert public["listings"]["nodes"] == []
    before = register.content()
    bring_conflict(register)
    assert register.content() == before


@pytest.mark.parametrize(("outcome", "standing"), [("NAME_CORRECTED", "MISSPELT"), ("FORMER_NAME", "FORMER")])
def test_resolved_as_the_same_person(register: Register, outcome: str, standing: str) -> None:
    bring_conflict(register)
    assert register.resolve(outcome) == "DONE"
    assert register.conflicts("OPEN") == []
    assert register.colour(FIRST) == ["YELLOW"]
    names = register.rows(sa.select(PartyName.name, PartyName.standing).join(Party).where(Party.name == FIRST))
    assert sorted(names) == sorted([(FIRST, "CURRENT"), (OTHER, standing)])
    kinds = register.rows(sa.select(Event.kind).join(Party).where(Party.name == FIRST).order_by(Event.sequence))
    assert kinds == [("LIST_ADDED",), ("COLOUR_CHANGED",)]
    before = register.content()
    cases, listings = bring_conflict(register)
    assert register.content() == before
    assert (cases.held, listings.held, cases.conflicts) == (0, 0, [])


def test_wrong_number_of_an_unknown_person(register: Register) -> None:
    bring_conflict(register)
    assert register.resolve("WRONG_NUMBER", document={"kind": "RESIDENT_ID", "number": RIGHT}) == "DONE"
    assert (register.colour(FIRST), register.colour(OTHER)) == (["GREEN"], ["YELLOW"])
    masked = register.rows(sa.select(Identity.masked).join(Party).where(Party.name == OTHER))
    assert masked == [("330281********3363",)]
    before = register.content()
    bring_conflict(register)
    assert register.content() == before


def test_wrong_number_of_a_known_person(register: Register) -> None:
    register.lines({"姓名或名称": OTHER, "证件号码": RIGHT})
    bring_conflict(register)
    assert register.resolve("WRONG_NUMBER", document={"kind": "RESIDENT_ID", "number": RIGHT}) == "DONE"
    named = register.rows(
        sa.select(Party.id, Party.held, Party.merged_id).where(Party.name == OTHER).order_by(Party.id)
    )
    (known, _, _), (_, held, merged) = named
    assert (held, merged) == (True, known)
    assert "YELLOW" in register.colour(OTHER)
    before = register.content()
    bring_conflict(register)
    assert register.content() == before


def test_wrong_number_of_nobody_known(register: Register) -> None:
    bring_conflict(register)
    assert register.resolve("WRONG_NUMBER") == "DONE"
    assert (register.colour(FIRST), register.colour(OTHER)) == (["GREEN"], ["GREEN"])
    before = register.content()
    assert bring_conflict(register)[0].held == 1
    assert register.content() == before


def test_refused_resolution_changes_nothing(register: Register) -> None:
    bring_conflict(register)
    (conflict,) = register.conflicts()
    act = register.propose("resolveIdentity", id=conflict["id"], outcome="FORMER_NAME")
    before = register.content()
    assert register.confirm(act, confirmed=False) == "REFUSED"
    assert register.content() == before


def test_what_is_refused(register: Register) -> None:
    bring_conflict(register)
    chambers, (conflict,) = register.chambers, register.conflicts()
    judge, centre = chambers.officer(StaffRole.JUDGE), chambers.officer(StaffRole.CENTRE)
    president = chambers.officer(StaffRole.PRESIDENT)
    given = {"id": conflict["id"], "outcome": "FORMER_NAME", "reason": "x", "evidenceDigest": DIGEST}

    def code(token: str, name: str, /, **wrong: Any) -> str:
        return str(chambers.refused(token, name, "id", **wrong)["code"])

    right = {"kind": "RESIDENT_ID", "number": RIGHT}
    assert code(judge, "resolveIdentity", **given) == "WRONG_ROLE"
    assert code(centre, "resolveIdentity", **given | {"reason": " "}) == "REASON_REQUIRED"
    assert code(centre, "resolveIdentity", **given | {"id": conflict["holder"]["id"]}) == "BAD_ID"
    assert code(centre, "resolveIdentity", **given, document=right) == "BAD_NUMBER"
    wrong = given | {"outcome": "WRONG_NUMBER"}
    assert code(centre, "resolveIdentity", **wrong, document=right | {"number": "1"}) == "BAD_NUMBER"
    assert code(centre, "resolveIdentity", **wrong, document=right | {"number": NUMBER}) == "BAD_NUMBER"
    act = register.propose("resolveIdentity", id=conflict["id"], outcome="FORMER_NAME")
    assert code(centre, "resolveIdentity", **given) == "PROPOSED"
    assert code(centre, "decideIdentityAct", id=act, confirmed=True, reason="x") == "SAME_PERSON"
    assert code(judge, "decideIdentityAct", id=act, confirmed=True, reason="x") == "WRONG_ROLE"
    assert code(president, "decideIdentityAct", id=act, confirmed=True, reason="") == "REASON_REQUIRED"
    register.confirm(act)
    assert code(president, "decideIdentityAct", id=act, confirmed=True, reason="x") == "DECIDED"
    assert code(centre, "resolveIdentity", **given) == "WRONG_STATE"
    held = conflict["provisional"]["id"]
    slip = {"name": "新名", "reason": "x", "evidenceDigest": DIGEST}
    assert code(centre, "correctName", partyId=held, **slip) == "WRONG_STATE"
    assert code(centre, "correctName", partyId=conflict["holder"]["id"], **slip | {"name": " "}) == "BAD_TEXT"


# --- corrections, mergers, splits -------------------------------------------------------------------------------------


def party(register: Register, name: str) -> str:
    nodes = register.chambers.data(register.chambers.officer(StaffRole.CENTRE), PARTIES)["parties"]["nodes"]
    return str(next(one["id"] for one in nodes if one["name"] == name))


def test_corrected_name(register: Register) -> None:
    register.lines({"姓名或名称": FIRST, "证件号码": NUMBER})
    register.confirm(register.propose("correctName", partyId=party(register, FIRST), name=OTHER))
    names = register.rows(sa.select(PartyName.name, PartyName.standing).join(Party).where(Party.name == OTHER))
    assert sorted(names) == sorted([(FIRST, "MISSPELT"), (OTHER, "CURRENT")])
    assert register.lines({"姓名或名称": FIRST, "证件号码": NUMBER}).conflicts == []


def test_merged_and_split_again(register: Register) -> None:
    register.lines({"姓名或名称": FIRST, "证件号码": RIGHT})
    folder = CASES / "26-id-two-names"
    register.bring("shixin", folder / "shixin.jsonl")
    assert (register.colour(FIRST), register.colour(OTHER)) == (["GREEN"], ["YELLOW"])
    register.confirm(register.propose("mergeParties", fromId=party(register, OTHER), intoId=party(register, FIRST)))
    assert register.colour(FIRST) == ["YELLOW"]
    kinds = register.rows(sa.select(Event.kind).join(Party).where(Party.name == FIRST).order_by(Event.sequence))
    assert kinds == [("LIST_ADDED",), ("COLOUR_CHANGED",)]
    token = register.chambers.officer(StaffRole.CENTRE)
    query = "query($id: ID!) { party(id: $id) { listings(first: 5) { nodes { id } } } }"
    found = register.chambers.data(token, query, {"id": party(register, FIRST)})["party"]["listings"]["nodes"]
    register.confirm(
        register.propose(
            "splitParty", partyId=party(register, FIRST), items=[one["id"] for one in found], name="测别人"
        )
    )
    assert (register.colour(FIRST), register.colour("测别人")) == (["GREEN"], ["YELLOW"])
    last = register.rows(sa.select(Event.kind).join(Party).where(Party.name == FIRST).order_by(Event.sequence))
    assert last[2:] == [("LIST_REMOVED",), ("COLOUR_CHANGED",)]
