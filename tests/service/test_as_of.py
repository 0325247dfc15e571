"""What was right about a day, and what was answered on it, for the court and for a litigant (R26)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from chambers import Chambers
from play import ENFORCED, ENFORCED_TOO, RULING, Courts
from views import BANK as FULL_LOOK_UP
from views import key as key_of

from auth.audiences import Audience
from demo.city.cast import CHEN, FORGE, LIN, WANG, ZHAO, Subject
from models.court import StaffRole

CODE = "asOf reading colour changesOn changesTo records { colour endsOn closedOn closeReason }"
COURT, PORTAL = "COURT", "LITIGANT_PORTAL"
BOTH = (COURT, PORTAL)

FINE: Mapping[str, Any] = {
    "number": "(2026)浙0281司惩3号",
    "kind": "FINE",
    "amount": "5000.00",
    "decidedOn": "2026-02-05",
    "effectiveOn": "2026-02-10",
    "reason": "妨害执行。",
}
CONVICTION: Mapping[str, Any] = {
    "number": "(2025)浙0281刑初88号",
    "kind": "CONVICTION",
    "decidedOn": "2025-11-03",
    "effectiveOn": "2025-11-14",
    "reason": "拒不执行判决、裁定罪。",
}
PLEA = {"ground": "CO_OPERATION", "commitment": "每月申报财产并分期履行。", "amountPerformed": "1000.00"}


@pytest.fixture(scope="module")
def told(chambers: Chambers) -> Chambers:
    """Most of a year of the court: what it recorded, when, and what it thought better of."""
    courts, calendar = Courts(chambers), chambers.calendar
    calendar.go_to(date(2026, 3, 5))
    _, forge = chambers.party(ENFORCED, FORGE)
    listing = courts.do(StaffRole.JUDGE, "listLender", partyId=forge, reason="职业放贷。")["id"]
    calendar.go_to(date(2026, 3, 10))
    fine = _record(courts, LIN, FINE)
    calendar.go_to(date(2026, 3, 12))
    _record(courts, ZHAO, CONVICTION)
    calendar.go_to(date(2026, 3, 20))
    courts.do(StaffRole.JUDGE, "removeListing", id=listing, reason="不再从事放贷。")
    calendar.go_to(date(2026, 3, 25))
    courts.do(StaffRole.CENTRE, "revokeSanction", id=fine, revokedOn="2026-03-20", reason="复议撤销。")
    (item,) = courts.published((ENFORCED, CHEN, "E02", 7, RULING))  # on 2 April
    courts.go_to(10, 10)
    repair = courts.ask(CHEN, "applyForRepair", deductionId=item, **PLEA)
    courts.do(StaffRole.PANEL, "decideRepair", id=repair, outcome="SHORTENED", newEnd="2026-12-31", reason="积极配合。")
    calendar.go_to(date(2026, 10, 20))
    return chambers


def _record(courts: Courts, subject: Subject, sanction: Mapping[str, Any]) -> str:
    case, party = courts.chambers.party(ENFORCED_TOO, subject)
    key: str = courts.do(StaffRole.CENTRE, "recordSanction", caseId=case, partyId=party, **sanction)["id"]
    return key


def asked(chambers: Chambers, who: str, subject: Subject, arguments: str, shows: str = CODE) -> Any:
    """The credit code of a subject, as the court or the subject itself asks for it."""
    code = f"creditCode{arguments} {{ {shows} }}"
    if who == PORTAL:
        token = chambers.partner(Audience.LITIGANT_PORTAL, subject)
        return chambers.data(token, f"{{ me {{ party {{ {code} }} }} }}")["me"]["party"]["creditCode"]
    document = f"query($name: String!) {{ parties(first: 1, filter: {{ name: $name }}) {{ nodes {{ {code} }} }} }}"
    found = chambers.data(chambers.officer(StaffRole.JUDGE), document, {"name": subject.name})
    return found["parties"]["nodes"][0]["creditCode"]


def in_short(code: Any) -> str:
    """A code on a line: "RED >2031-02-11 GREEN [2031-02-10]"."""
    change = f" >{code['changesOn']} {code['changesTo']}" if code["changesOn"] else ""
    ends = [record["endsOn"] or record["closedOn"] or "open" for record in code["records"]]
    return f"{code['colour']}{change} {ends}"


GREEN = "GREEN []"
LISTED, DELISTED = "YELLOW ['open']", "YELLOW >2026-03-20 GREEN ['2026-03-20']"
FINED = "RED >2031-02-11 GREEN ['2031-02-10']"
CONVICTED = "RED >2030-11-15 GREEN ['2030-11-14']"
BEFORE_CONVICTION, BEFORE_PUBLICATION = "GREEN >2025-11-14 RED []", "GREEN >2026-04-02 YELLOW []"
PUBLISHED = "YELLOW >2028-04-03 GREEN ['2028-04-02']"
SHORTENED = "YELLOW >2027-01-01 GREEN ['2026-12-31']"

ANSWERS = {
    # subject, day: by today's knowledge, as it was answered then
    (FORGE, "2026-03-04"): ("GREEN >2026-03-05 YELLOW []", GREEN),
    (FORGE, "2026-03-05"): (DELISTED, LISTED),
    (FORGE, "2026-03-19"): (DELISTED, LISTED),
    (FORGE, "2026-03-20"): (GREEN, GREEN),
    (LIN, "2026-02-20"): (GREEN, GREEN),
    (LIN, "2026-03-09"): (GREEN, GREEN),
    (LIN, "2026-03-10"): (GREEN, FINED),
    (LIN, "2026-03-24"): (GREEN, FINED),
    (LIN, "2026-03-25"): (GREEN, GREEN),
    (ZHAO, "2025-11-13"): (BEFORE_CONVICTION, GREEN),
    (ZHAO, "2025-11-14"): (CONVICTED, GREEN),
    (ZHAO, "2026-03-11"): (CONVICTED, GREEN),
    (ZHAO, "2026-03-12"): (CONVICTED, CONVICTED),
    (ZHAO, "2030-11-14"): (CONVICTED, CONVICTED),
    (ZHAO, "2030-11-15"): (GREEN, GREEN),
    (CHEN, "2026-04-01"): (BEFORE_PUBLICATION, GREEN),
    (CHEN, "2026-04-02"): (SHORTENED, PUBLISHED),
    (CHEN, "2026-10-09"): (SHORTENED, PUBLISHED),
    (CHEN, "2026-10-10"): (SHORTENED, SHORTENED),
    (CHEN, "2026-12-31"): (SHORTENED, SHORTENED),
    (CHEN, "2027-01-01"): (GREEN, GREEN),
}


@pytest.mark.parametrize("who", BOTH)
@pytest.mark.parametrize(("subject", "day"), ANSWERS, ids=lambda value: getattr(value, "key", value))
def test_each_day_has_two_readings(told: Chambers, who: str, subject: Subject, day: str) -> None:
    valid = asked(told, who, subject, f'(asOf: "{day}")')
    known = asked(told, who, subject, f'(asOf: "{day}", reading: KNOWN)')
    assert (valid["asOf"], valid["reading"], known["asOf"], known["reading"]) == (day, "VALID", day, "KNOWN")
    assert (in_short(valid), in_short(known)) == ANSWERS[subject, day]
    assert valid == asked(told, who, subject, f'(asOf: "{day}", reading: VALID)')


@pytest.mark.parametrize("who", BOTH)
def test_an_end_that_came_later_does_not_show_in_what_was_known(told: Chambers, who: str) -> None:
    def ends(reading: str) -> Any:
        (record,) = asked(told, who, FORGE, f'(asOf: "2026-03-10", reading: {reading})')["records"]
        return record["closedOn"], record["closeReason"]

    assert (ends("VALID"), ends("KNOWN")) == (("2026-03-20", "DELISTED"), (None, None))


@pytest.mark.parametrize("who", BOTH)
def test_the_beginning_and_the_history_are_of_the_reading_as_well(told: Chambers, who: str) -> None:
    shows = "since history { colour fromDay untilDay }"
    known = asked(told, who, LIN, '(asOf: "2026-03-10", reading: KNOWN)', shows)
    assert known["since"] == "2026-02-10"
    assert [(period["colour"], period["fromDay"], period["untilDay"]) for period in known["history"]] == [
        ("GREEN", None, "2026-02-10"),
        ("RED", "2026-02-10", "2031-02-11"),
        ("GREEN", "2031-02-11", None),
    ]
    assert asked(told, who, LIN, '(asOf: "2026-03-10")', shows) == {"since": None, "history": []}


@pytest.mark.parametrize("who", BOTH)
def test_without_arguments_it_is_today_s_by_today_s_knowledge(told: Chambers, who: str) -> None:
    code = asked(told, who, CHEN, "")
    assert (code["asOf"], code["reading"], in_short(code)) == ("2026-10-20", "VALID", SHORTENED)
    assert code == asked(told, who, CHEN, "(asOf: null, reading: null)")
    assert in_short(asked(told, who, CHEN, "(reading: KNOWN)")) == SHORTENED


@pytest.mark.parametrize("arguments", ['(asOf: "2026-03-10")', "(reading: KNOWN)", "(reading: VALID)"])
def test_nobody_else_may_look_back(told: Chambers, arguments: str) -> None:
    asked_for = FULL_LOOK_UP.replace("creditCode {", f"creditCode{arguments} {{")
    answer = told.post(told.partner(Audience.BANK), asked_for, {"by": key_of(LIN)}).json()
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"INVALID_DOCUMENT"}


def test_others_are_told_that_theirs_is_today_s_knowledge(told: Chambers) -> None:
    asked_for = FULL_LOOK_UP.replace("creditCode {", "creditCode { reading asOf")
    found = told.data(told.partner(Audience.BANK), asked_for, {"by": key_of(CHEN)})["subject"]["party"]["creditCode"]
    assert (found["reading"], found["asOf"], found["colour"]) == ("VALID", "2026-10-20", "YELLOW")


def test_a_litigant_never_reads_another_s_past(told: Chambers) -> None:
    asked_for = 'query($id: ID!) { node(id: $id) { ... on Party { creditCode(asOf: "2026-03-10") { colour } } } }'
    _, lin = told.party(ENFORCED_TOO, LIN)
    assert told.data(told.partner(Audience.LITIGANT_PORTAL, WANG), asked_for, {"id": lin}) == {"node": None}


def test_what_does_not_change_is_not_written_again(told: Chambers) -> None:
    written = sa.text("SELECT * FROM code_period ORDER BY party_id, perspective, known, during")
    with told.engine.connect() as connection:
        before = connection.execute(written).all()
    case, party = told.party(ENFORCED_TOO, LIN)
    ordered = dict(FINE) | {"number": "(2026)浙0281司惩9号", "kind": "ORDERED_OUT", "amount": None}
    Courts(told).do(StaffRole.CENTRE, "recordSanction", caseId=case, partyId=party, **ordered)
    with told.engine.connect() as connection:
        assert connection.execute(written).all() == before
