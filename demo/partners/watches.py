"""Watches of the demo bank (DOMAIN 4)."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from demo.city.cast import CHEN
from demo.city.draft import Draft, Row
from models.audience import Audience, Purpose
from models.consent import Consent
from models.names import fold
from models.party import Identity, Party, PartyKind
from models.watch import Watch, WatchLine, WatchOrder, WatchOutcome

ORGANIZATIONS = 40
DAYS = 90
REFERENCE = "KH-{:06d}"


def add_watches(draft: Draft) -> None:
    """Watch all persons who consented and some organizations, for three months. One watch has ended."""
    bank = draft.found.clients.get(Audience.BANK)
    if bank is None:
        return
    at = draft.hour(draft.today - timedelta(DAYS))
    order = draft.add(WatchOrder, client_key=bank, given_at=at)
    subjects = [*_consenting(draft, bank), *_organizations(draft)]
    for place, (index, kind, name) in enumerate(subjects, 1):
        about = {"subject_index": index, "reference": REFERENCE.format(place)}
        watch = draft.add(
            Watch, client_key=bank, kind=kind, name=name, folded=fold(name), created_at=at, ended_at=None, **about
        )
        outcome = WatchOutcome.WATCHED
        draft.add(WatchLine, order_id=order["id"], ordinal=place, outcome=outcome, watch_id=watch["id"], **about)
    _end_last(draft, bank)


def _consenting(draft: Draft, bank: int) -> Iterator[tuple[bytes, PartyKind, str]]:
    """Persons who consented. CHEN is the first, so that an example can name the reference."""
    names = {row["id"]: row["name"] for row in draft.rows[Party]}
    known = {row["index"]: names[row["party_id"]] for row in draft.rows[Identity]}
    chen = draft.keyring.index(CHEN.number)
    found = {
        row["subject_index"]: None
        for row in draft.rows[Consent]
        if row["client_key"] == bank
        and Purpose.POST_LOAN_MONITORING in row["purposes"]
        and row["revoked_at"] is None
        and row["valid_to"].date() > draft.today
    }
    for index in sorted(found, key=lambda index: (index != chen, index)):
        if index in known:
            yield index, PartyKind.PERSON, known[index]


def _organizations(draft: Draft) -> Iterator[tuple[bytes, PartyKind, str]]:
    indexes = {row["party_id"]: row["index"] for row in draft.rows[Identity]}
    found = (row for row in draft.rows[Party] if row["kind"] is PartyKind.ORGANIZATION and row["id"] in indexes)
    for party in islice(found, ORGANIZATIONS):
        yield indexes[party["id"]], PartyKind.ORGANIZATION, party["name"]


def _end_last(draft: Draft, bank: int) -> None:
    """End the last watch."""
    last = draft.rows[Watch][-1]
    at = draft.hour(draft.today - timedelta(DAYS // 3))
    last |= {"name": None, "folded": None, "ended_at": at}
    order = draft.add(WatchOrder, client_key=bank, given_at=at)
    about = {name: last[name] for name in ("subject_index", "reference")}
    draft.add(WatchLine, order_id=order["id"], ordinal=1, outcome=WatchOutcome.UNWATCHED, watch_id=last["id"], **about)


def list_watches(draft: Draft) -> dict[bytes, Row]:
    """The open watches by keyed hash."""
    return {row["subject_index"]: row for row in draft.rows[Watch] if row["ended_at"] is None}
