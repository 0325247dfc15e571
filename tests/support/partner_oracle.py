"""What a partner may see of a party, worked out in plain Python from the raw rows: DOMAIN 2 and 3 a second time."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from disturbance import TODAY, Row, rows_of
from world import NOW

from auth.audiences import Audience, Purpose
from models.terms import to_court_day

CREDIT, INTEGRITY = "person.credit.read", "person.integrity.read"
FIVE_YEARS_AGO = TODAY.replace(year=TODAY.year - 5)
CLOSED_MATTERS = {"PRIVACY", "STATE_SECRET"}
LABOUR = "劳动"
NEVER_WAS = {"REVOKED", "WITHDRAWN", "SHIELDED"}
FOR_ORGANIZATIONS = {Purpose.EMPLOYER_CHECK, Purpose.SUPPLIER_DUE_DILIGENCE, Purpose.BIDDING_REVIEW}
DECIDED = {"listing": "listed_on", "sanction": "decided_on", "code_record": "effective_on"}
SOURCES = ("deduction", "listing", "certificate", "sanction")
TABLES = ("party", "identity", "court_case", "deduction", "listing", "certificate", "sanction", "code_record")
MORE = ("code_type", "code_period", "consent")


@dataclass(frozen=True)
class Asking:
    """A partner, its client's key, and why it asks."""

    audience: Audience
    client_key: int
    purpose: Purpose


class Raw:
    """The rows as they are stored."""

    def __init__(self, connection: sa.Connection) -> None:
        self.tables = {name: rows_of(connection, name) for name in (*TABLES, *MORE)}

    def by_key(self, table: str, key: str = "id") -> dict[Any, Row]:
        """Rows by a unique column."""
        return {row[key]: row for row in self.tables[table]}

    def grouped(self, table: str, key: str) -> dict[Any, list[Row]]:
        """Rows by a column that many share."""
        groups: dict[Any, list[Row]] = defaultdict(list)
        for row in self.tables[table]:
            groups[row[key]].append(row)
        return groups

    @cached_property
    def cases(self) -> dict[Any, Row]:
        """Cases by key."""
        return self.by_key("court_case")

    @cached_property
    def cases_by_number(self) -> dict[Any, Row]:
        """Cases by number."""
        return self.by_key("court_case", "number")

    @cached_property
    def vanished(self) -> set[tuple[str, int]]:
        """The items, by table and key, whose code record has ended as if it had never been."""
        records = (row for row in self.tables["code_record"] if row["close_reason"] in NEVER_WAS)
        return {(table, row[f"{table}_id"]) for row in records for table in SOURCES if row[f"{table}_id"]}

    @cached_property
    def records(self) -> dict[Any, Row]:
        """Code records by key."""
        return self.by_key("code_record")

    @cached_property
    def deductions(self) -> dict[Any, Row]:
        """Deductions by key."""
        return self.by_key("deduction")

    @cached_property
    def kinds(self) -> dict[Any, Row]:
        """Code types by key."""
        return self.by_key("code_type")

    @cached_property
    def parties(self) -> dict[Any, Row]:
        """Parties by key."""
        return self.by_key("party")

    @cached_property
    def identities(self) -> dict[Any, Row]:
        """The number of each party that its files name."""
        return {row["party_id"]: row for row in self.tables["identity"] if row["main"]}

    @cached_property
    def consents(self) -> dict[Any, list[Row]]:
        """Consents by keyed hash."""
        return self.grouped("consent", "subject_index")

    @cached_property
    def items(self) -> dict[str, dict[Any, list[Row]]]:
        """Everything that belongs to a party, by table and party."""
        tables = ("deduction", "listing", "certificate", "sanction", "code_record", "code_period")
        return {name: self.grouped(name, "party_id") for name in tables}


def running(row: Row, start: str, last: str | None, *ends: str) -> bool:
    """Begun, and neither past its last day nor ended."""
    over = last is not None and row[last] is not None and row[last] < TODAY
    return bool(row[start] <= TODAY and not over and all(row[end] is None or row[end] > TODAY for end in ends))


def in_force(record: Row) -> bool:
    """Whether a code record counts today."""
    return running(record, "effective_on", "ends_on", "closed_on") and record["close_reason"] not in NEVER_WAS


def published(row: Row) -> bool:
    """Whether this is a day of a deduction's publicity."""
    on_or_after = bool(row["published_at"]) and to_court_day(row["published_at"]) <= TODAY
    return bool(row["status"] == "PUBLISHED" and on_or_after and row["expires_on"] >= TODAY)


STANDS: dict[str, Callable[[Row], bool]] = {
    "deduction": published,
    "listing": lambda row: running(row, "published_on", "ends_on", "removed_on"),
    "certificate": lambda row: running(row, "issued_on", None, "revoked_on"),
    "sanction": lambda row: row["revoked_on"] is None or row["revoked_on"] > TODAY,
}


@dataclass(frozen=True)
class PartnerOracle:
    """The answers about one party to one partner."""

    raw: Raw
    asking: Asking
    party: Row

    @property
    def person(self) -> bool:
        """Whether consent is needed."""
        return bool(self.party["kind"] == "PERSON")

    @property
    def outcome(self) -> str:
        """How a look-up by the right name and number ends."""
        if self.person and not self._scopes():
            return "CONSENT_REQUIRED"
        return "MATCHED" if self.party["disclosed"] else "NOT_FOUND"

    def _scopes(self) -> set[str]:
        """What live letters to this partner for this purpose name, all together."""
        if self.asking.audience is Audience.COMMERCE or self.asking.purpose in FOR_ORGANIZATIONS:
            return set()
        letters = self.raw.consents[self.raw.identities[self.party["id"]]["index"]]
        return set().union(*(letter["scopes"] for letter in letters if self._live(letter)))

    def _live(self, letter: Row) -> bool:
        return (
            letter["client_key"] == self.asking.client_key
            and self.asking.purpose in letter["purposes"]
            and letter["valid_from"] <= NOW < letter["valid_to"]
            and (letter["revoked_at"] is None or letter["revoked_at"] > NOW)
        )

    def _items(self, table: str, seen: Callable[[Row], bool], scope: str, candidate: Callable[[Row], bool]) -> set[int]:
        """Items that may be told of: of a person under `scope`, and to an employer only what a candidate must show."""
        if self.outcome != "MATCHED" or (self.person and scope not in self._scopes()):
            return set()
        mine = (row for row in self.raw.items[table][self.party["id"]] if (table, row["id"]) not in self.raw.vanished)
        found = (row for row in mine if seen(row) and self._tellable(table, row))
        employer = self.person and self.asking.audience is Audience.EMPLOYER
        return {row["id"] for row in found if not employer or (candidate(row) and not self._labour(row))}

    def _tellable(self, table: str, row: Row) -> bool:
        """Nobody's minority, and of no closed matter, whether it is tied to its case or only names it."""
        case = self._case(row)
        if case is not None and case["confidentiality"] in CLOSED_MATTERS:
            return False
        of_age_from = self.party["of_age_from"]
        if self.party["held"] or of_age_from == "infinity":
            return False
        return of_age_from == "-infinity" or self._conduct(table, row) >= date.fromisoformat(of_age_from)

    def _case(self, row: Row) -> Row | None:
        named = self.raw.cases_by_number.get(row.get("case_number") or row.get("related_number"))
        return self.raw.cases.get(row["case_id"], named)

    def _conduct(self, table: str, row: Row) -> date:
        """The day of the conduct; where it is unknown, the filing of the case; else the decision."""
        for source in SOURCES:
            if table == "code_record" and row[f"{source}_id"]:
                return self._conduct(source, self.raw.by_key(source)[row[f"{source}_id"]] | {"case_id": row["case_id"]})
        if table == "code_record" and row["repaired_id"]:
            return self._conduct("code_record", self.raw.records[row["repaired_id"]])
        case, decided = self._case(row), DECIDED.get(table, "")
        known = row.get("performed_on") or row.get("conduct_on")
        return known or (case["filed_on"] if case else row[decided])  # type: ignore[no-any-return]

    def _labour(self, row: Row) -> bool:
        case = self.raw.cases.get(row["case_id"])
        return case is not None and LABOUR in case["cause"]

    @property
    def deductions(self) -> set[int]:
        """Published, running deductions."""

        def seen(row: Row) -> bool:
            published = row["status"] == "PUBLISHED" and row["published_at"] <= NOW
            return bool(published and row["expires_on"] >= TODAY)

        return self._items("deduction", seen, CREDIT, lambda row: False)

    @property
    def listings(self) -> set[int]:
        """Running entries; of a candidate only the debtors' list, for a senior post."""
        senior = self.asking.purpose is Purpose.SENIOR_POST_QUALIFICATION
        return self._items(
            "listing",
            lambda row: running(row, "published_on", "ends_on", "removed_on"),
            INTEGRITY,
            lambda row: senior and row["kind"] == "DISHONEST_DEBTOR",
        )

    @property
    def certificates(self) -> set[int]:
        """Certificates that stand; of a candidate those whose case is known to be no labour dispute."""
        return self._items(
            "certificate",
            lambda row: running(row, "issued_on", None, "revoked_on"),
            INTEGRITY,
            lambda row: row["case_id"] is not None,
        )

    @property
    def sanctions(self) -> set[int]:
        """Sanctions of five years that stand."""

        def seen(row: Row) -> bool:
            return running(row, "effective_on", None, "revoked_on") and row["effective_on"] >= FIVE_YEARS_AGO

        return self._items("sanction", seen, CREDIT, lambda row: False)

    @property
    def code_records(self) -> set[int]:
        """Records in force that are no suspicion; of a candidate red ones only."""

        def seen(row: Row) -> bool:
            known = self.raw.kinds[row["code_type_id"]]["partner_visible"] and in_force(row)
            return bool(known and self._repairs_what_runs(row) and self._stands(row))

        scope = INTEGRITY if self.asking.audience is Audience.EMPLOYER else CREDIT
        return self._items("code_record", seen, scope, lambda row: row["colour"] == "RED")

    def _repairs_what_runs(self, row: Row) -> bool:
        """A blue record goes with the yellow one that it repairs."""
        repaired = self.raw.records.get(row["repaired_id"])
        if repaired is None:
            return True
        return in_force(repaired) and self._tellable("code_record", repaired) and self._stands(repaired)

    def _stands(self, row: Row) -> bool:
        """What a record rests on is public itself; a sanction counts beyond its five years, until it is revoked."""
        for source in SOURCES:
            if key := row[f"{source}_id"]:
                basis = self.raw.by_key(source)[key]
                return (
                    STANDS[source](basis) and (source, key) not in self.raw.vanished and self._tellable(source, basis)
                )
        return True

    @property
    def colour(self) -> str | None:
        """The colour of today as it is outside, green where no period says another; none of a candidate."""
        if self.outcome != "MATCHED" or (self.person and self.asking.audience is Audience.EMPLOYER):
            return None
        if self.person and CREDIT not in self._scopes():
            return None
        outside = (row for row in self.raw.items["code_period"][self.party["id"]] if row["perspective"] == "OUTSIDE")
        return next(
            (row["colour"] for row in outside if TODAY in row["during"] and row["known"].upper is None), "GREEN"
        )


def ids(type_name: str, keys: Iterable[int]) -> set[str]:
    """What ids would say once decoded."""
    return {f"{type_name}:{key}" for key in keys}
