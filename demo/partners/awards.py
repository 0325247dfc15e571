"""Awards of the demo's arbitration body: a refusal in each state, and one that is on the court's list."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256

from casework.award_refusals import GROUNDS, UNPERFORMED
from demo.city.cast import CAST, DEMO_COURT, TOOLS, WANG
from demo.city.draft import Draft, Row
from demo.city.register import pick_officer
from demo.clients import NAMES
from models.arbitral_award import ArbitralAward, AwardKind, AwardRefusal, RefusalState
from models.audience import Audience
from models.consequence_notice import ConsequenceNotice
from models.court import StaffRole
from models.listing import REFUSAL_TERM_MONTHS, Listing, ListingKind
from models.party import Identity, Party, PartyKind
from models.terms import add_months

AGES = {
    RefusalState.WITHDRAWN: 90,
    RefusalState.PERFORMED: 75,
    RefusalState.REPORTED: 60,
    RefusalState.PUBLISHED: 45,
    RefusalState.RETURNED: 30,
}
"""The days since the award, by the state of its refusal."""

REASONS = {
    RefusalState.RETURNED: "未附送达回证，请补充。",
    RefusalState.PUBLISHED: "经核实，义务人经告知仍拒不履行。",
    RefusalState.WITHDRAWN: "送达不合法，予以撤销。",
}


def add_awards(draft: Draft, cast: Mapping[str, Row]) -> None:
    """Create the awards. Most debtors are one company outside the cast; one is a person, one TOOLS."""
    body = draft.found.clients.get(Audience.LABOUR_ARBITRATION)
    if body is None:
        return
    debtors = {RefusalState.REPORTED: cast[TOOLS.key], RefusalState.RETURNED: cast[WANG.key]}
    company = _find_company(draft)
    for place, (state, age) in enumerate(AGES.items(), 1):
        kind = AwardKind.MEDIATION if state is RefusalState.RETURNED else AwardKind.AWARD
        made = draft.today - timedelta(age)
        award = _add_award(draft, body, place, debtors.get(state, company), kind, made)
        _refuse(draft, award, state)


def _find_company(draft: Draft) -> Row:
    """The first disclosed organization of the demo court's cases that is not of the cast."""
    known = {subject.name for subject in CAST}
    listed = {row["party_id"] for row in draft.rows[Listing]}
    coded = {party for party, records in draft.records.items() if records}
    return next(
        row
        for row in draft.rows[Party]
        if row["kind"] is PartyKind.ORGANIZATION and row["disclosed"] and row["name"] not in known
        if row["id"] not in listed | coded
    )


def _add_award(draft: Draft, body: int, place: int, party: Row, kind: AwardKind, made: date) -> Row:
    number = next(row for row in draft.rows[Identity] if row["party_id"] == party["id"])
    award = draft.add(
        ArbitralAward,
        client_key=body,
        court_code=DEMO_COURT,
        number=f"余劳人仲案〔{made.year}〕{place}号",
        kind=kind,
        party_id=party["id"],
        debtor_kind=party["kind"],
        debtor_name=party["name"],
        subject_index=number["index"],
        masked=number["masked"],
        obligation="支付劳动报酬及经济补偿",
        amount=Decimal(8600 + 1250 * place),
        made_on=made,
        effective_on=made + timedelta(5),
        perform_by=made + timedelta(15),
        recorded_at=draft.hour(made),
        performed_on=None,
        withdrawn_at=None,
        withdrawal_reason=None,
    )
    draft.add(
        ConsequenceNotice,
        number=f"余劳人仲告〔{made.year}〕{place}号",
        court_code=DEMO_COURT,
        case_id=None,
        award_id=award["id"],
        client_key=body,
        party_id=party["id"],
        served_on=made + timedelta(6),
        digest=sha256(award["number"].encode()).digest(),
        issued_by=None,
        issued_at=draft.hour(made + timedelta(6)),
    )
    return award


def _refuse(draft: Draft, award: Row, state: RefusalState) -> None:
    """Create the report of a refusal, the court's decision, and the entry of a published one."""
    reported, decided = award["perform_by"] + timedelta(2), award["perform_by"] + timedelta(6)
    reason = REASONS.get(state)
    centre = pick_officer(draft, DEMO_COURT, StaffRole.CENTRE) if reason else None
    refusal = draft.add(
        AwardRefusal,
        award_id=award["id"],
        statement="经书面催告，至今未支付。",
        reported_at=draft.hour(reported),
        state=state,
        decided_at=draft.hour(decided) if reason else None,
        decided_by=centre,
        reason=reason,
    )
    if state is RefusalState.PERFORMED:
        award["performed_on"] = reported + timedelta(1)
    if state is RefusalState.PUBLISHED:
        _list(draft, award, refusal, decided)


def _list(draft: Draft, award: Row, refusal: Row, day: date) -> None:
    draft.add(
        Listing,
        kind=ListingKind.AWARD_REFUSAL,
        party_id=award["party_id"],
        court_code=DEMO_COURT,
        case_id=None,
        deduction_id=None,
        refusal_id=refusal["id"],
        case_number="",
        basis_number=award["number"],
        basis_unit=NAMES[Audience.LABOUR_ARBITRATION],
        obligation=award["obligation"],
        performance=UNPERFORMED,
        grounds=GROUNDS[award["kind"]],
        grade=None,
        grace_ends_on=None,
        listed_on=award["perform_by"] + timedelta(1),
        published_on=day,
        ends_on=add_months(day, REFUSAL_TERM_MONTHS),
        removed_on=None,
    )
