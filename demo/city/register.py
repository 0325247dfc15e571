"""Create parties with identities, households, and the staff of the courts."""

from datetime import date

from casework.majority import ALWAYS
from demo.city.cast import CAST, DEMO_COURT
from demo.city.draft import Draft, Row
from demo.city.names import make_organization_name, make_person_name
from demo.city.places import HISTORIC_DIVISIONS, NINGBO_COURTS, PLACE_NAMES, VILLAGES
from models.court import AdministratorRole, Staff, StaffRole
from models.household import Household
from models.identifiers import mask_number
from models.names import fold
from models.party import Identity, IdentityType, Party, PartyKind

CAST_NAMES = frozenset(subject.name for subject in CAST)
NEVER = date.max
"""Infinity in the database: the age of the person is not established."""

STAFF = {StaffRole.JUDGE: 3, StaffRole.CHIEF: 1, StaffRole.CENTRE: 1, StaffRole.PANEL: 2, StaffRole.PRESIDENT: 1}
"""Staff per court by role. The demo court has three times as many, but one president."""


def appoint_staff(draft: Draft) -> None:
    """Create the staff of all courts. One judge of the demo court has left."""
    for court in NINGBO_COURTS:
        for role, count in STAFF.items():
            larger = court == DEMO_COURT and role is not StaffRole.PRESIDENT
            for _ in range(count * 3 if larger else count):
                _appoint(draft, court, role)
    former = _appoint(draft, DEMO_COURT, StaffRole.JUDGE)
    former["left_at"] = draft.hour(draft.ago(40, 60))
    for power in AdministratorRole:
        appointed = {"role": None, "administers": power, "number": f"{DEMO_COURT}-{power.lower()}"}
        draft.add(Staff, name=f"管理员{power}", court_code=DEMO_COURT, left_at=None, grant_id=None, **appointed)


def _appoint(draft: Draft, court: str, role: StaffRole) -> Row:
    known = {"administers": None, "number": None, "grant_id": None}
    return draft.add(Staff, name=make_person_name(draft.random), role=role, court_code=court, left_at=None, **known)


def pick_officer(draft: Draft, court: str, role: StaffRole) -> int:
    """A current member of the court's staff with this role."""
    sought = (court, role, None)
    staff = draft.rows[Staff]
    holders = [row["id"] for row in staff if (row["court_code"], row["role"], row["left_at"]) == sought]
    return int(draft.random.choice(holders))


def enrol(draft: Draft, kind: PartyKind, name: str, number: str, since: date) -> Row:
    """Create a party with its sealed identity, undisclosed until it takes part in a public case."""
    person = kind is PartyKind.PERSON
    known = {"folded": fold(name), "disclosed": False, "of_age_from": NEVER if person else ALWAYS, "held": False}
    party = draft.add(Party, kind=kind, name=name, household_id=None, created_at=draft.hour(since), **known)
    index = draft.keyring.index(number)
    draft.add(
        Identity,
        party_id=party["id"],
        type=IdentityType.RESIDENT_ID if person else IdentityType.UNIFIED_SOCIAL_CREDIT_CODE,
        index=index,
        sealed=draft.keyring.seal(number, index),
        masked=mask_number(number),
        main=True,
    )
    return party


def add_newcomer(draft: Draft, court: str, since: date) -> Row:
    """Create a party. Every fourth is an organization."""
    add = draft.cycle((add_person, add_person, add_person, add_company), Party)
    party: Row = add(draft, court, since)
    return party


def add_person(draft: Draft, court: str, since: date) -> Row:
    """Create a natural person. Some in Yuyao get a household."""
    name = make_person_name(draft.random)
    while name in CAST_NAMES:
        name = make_person_name(draft.random)
    number = draft.numbers.resident(HISTORIC_DIVISIONS.get(court, draft.found.divisions[court]))
    party = enrol(draft, PartyKind.PERSON, name, number, since)
    if court == DEMO_COURT and draft.random.random() < 0.4:
        settle(draft, party)
    return party


def add_company(draft: Draft, court: str, since: date) -> Row:
    """Create an organization with a unique name."""
    place = PLACE_NAMES.get(court, "宁波市")
    name = make_organization_name(draft.random, place)
    while name in draft.names or name in CAST_NAMES:
        name = make_organization_name(draft.random, place)
    draft.names.add(name)
    return enrol(draft, PartyKind.ORGANIZATION, name, draft.numbers.organization(draft.found.divisions[court]), since)


def settle(draft: Draft, party: Row, village: str | None = None, key: str | None = None) -> None:
    """Put a person into a new household in `village`, or sometimes into the last one."""
    households = draft.rows[Household]
    if village or not households or draft.random.random() < 0.85:
        home = draft.add(
            Household,
            key=key or f"NH-330281{10000 + len(households):05d}",
            village_id=draft.found.villages[village or draft.cycle(VILLAGES, Household)],
        )
    else:
        home = households[-1]
    party |= {"household_id": home["id"], "village_id": home["village_id"]}
