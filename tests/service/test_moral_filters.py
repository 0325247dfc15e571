"""What head office and villages read of conversions, notices and standings, narrowed by filters."""

from typing import Any

import pytest
import sqlalchemy as sa
from chambers import Chambers
from emptying import empty_tables
from moral_bank import HOUSES, VILLAGE, MoralBank
from play import ENFORCED, RECORD

from auth.audiences import Audience
from demo.city.cast import CHEN, WANG
from models.court import StaffRole


@pytest.fixture
def bank(chambers: Chambers) -> MoralBank:
    with chambers.engine.begin() as connection:  # nobody is enrolled yet
        empty_tables(connection, "point_conversion", "household_member")
        connection.execute(sa.text("UPDATE party SET household_id = NULL"))
    return MoralBank(chambers)


CONVERSIONS = """query($filter: ConversionFilter) { pointConversions(first: 50, filter: $filter) {
  totalCount nodes { status points item { code } } } }"""
NOTICES = """query($filter: VillageNoticeFilter) { villageNotices(first: 50, filter: $filter) {
  totalCount nodes { id category points } } }"""
STANDINGS = """query($filter: HouseholdStandingFilter) { householdStandings(first: 50, filter: $filter) {
  totalCount nodes { householdKey points eligible } } }"""
HOUSED = set(HOUSES.values())


def test_what_head_office_and_village_read_of_a_month(bank: MoralBank) -> None:
    """Before the conversion, while it is assessed, when it is confirmed, and when the notice is acknowledged."""
    chen, wang = HOUSES.values()
    bank.work()
    for subject in (CHEN, WANG):
        bank.enrol(subject)
    office, village = Audience.MORAL_BANK, Audience.VILLAGE

    def read(audience: Audience, document: str, **filter_: Any) -> list[Any]:
        (found,) = bank.chambers.data(bank.chambers.partner(audience), document, {"filter": filter_}).values()
        assert found["totalCount"] == len(found["nodes"])
        return list(found["nodes"])

    def standings(audience: Audience, **filter_: Any) -> dict[str, tuple[int, bool]]:
        rows = read(audience, STANDINGS, **filter_)
        return {row["householdKey"]: (row["points"], row["eligible"]) for row in rows if row["householdKey"] in HOUSED}

    nothing = {chen: (0, True), wang: (0, True)}
    assert read(office, CONVERSIONS) == read(village, NOTICES) == []
    assert standings(office) == standings(village) == nothing

    # --- assessed: for the head office alone --------------------------------------------------------------------------
    bank.published((ENFORCED, CHEN, "E01", 2, RECORD))
    case, party = bank.chambers.party(ENFORCED, CHEN)
    fine: dict[str, Any] = {
        "kind": "FINE",
        "number": "(2026)浙0281司惩31号",
        "amount": "1000.00",
        "reason": "妨害执行。",
    }
    decided: dict[str, Any] = {"caseId": case, "partyId": party, "decidedOn": "2026-03-02", "effectiveOn": "2026-03-02"}
    bank.do(StaffRole.CENTRE, "recordSanction", **fine, **decided)
    month = bank.chambers.calendar.moment.date().replace(day=1).isoformat()
    taken = {"status": "COURT_ASSESSED", "points": -2, "item": {"code": "MD3"}}
    assert read(office, CONVERSIONS, status="COURT_ASSESSED", kind="DEDUCT") == [taken]
    for narrow in ({"item": "MD3"}, {"month": month, "kind": "DEDUCT"}, {"householdKey": chen, "item": "MD3"}):
        assert read(office, CONVERSIONS, **narrow) == [taken]
    for empty in ({"status": "CONFIRMED"}, {"householdKey": wang}, {"village": "无名村"}, {"month": "2020-01-01"}):
        assert read(office, CONVERSIONS, **empty) == []
    assert len(read(office, CONVERSIONS, village=VILLAGE, status="COURT_ASSESSED")) == 2
    assert standings(office) == standings(village) == nothing, "nothing counts before it is confirmed"

    # --- confirmed, and told ------------------------------------------------------------------------------------------
    bank.confirm()
    assert len(read(office, CONVERSIONS, status="VILLAGE_NOTIFIED")) == 2
    assert read(office, CONVERSIONS, status="COURT_ASSESSED") == []
    told = standings(office)
    assert told == standings(village) == {chen: (-2, False), wang: (0, True)}
    for audience in (office, village):
        assert standings(audience, eligible=False) == {chen: (-2, False)}
        assert list(standings(audience, eligible=True, leastPoints=0)) == [wang]
        assert standings(audience, leastPoints=1) == {}
        assert list(standings(audience, benefit="BF1", village=VILLAGE)) == [wang]
        assert standings(audience, benefit="BF5") == standings(audience, village="无名村") == {}
    assert {row["category"] for row in read(village, NOTICES, acknowledged=False)} == {"DEDUCT", "VETO"}
    (notice,) = read(village, NOTICES, category="DEDUCT", month=month)
    assert (notice["points"], read(village, NOTICES, acknowledged=True)) == (-2, [])

    # --- acknowledged -------------------------------------------------------------------------------------------------
    bank.chambers.done(bank.chambers.partner(village), "acknowledgeNotice", "acknowledgedAt", id=notice["id"])
    assert read(village, NOTICES, acknowledged=True) == [notice]
    assert [row["category"] for row in read(village, NOTICES, acknowledged=False)] == ["VETO"]
