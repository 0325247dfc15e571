"""Subjects that are blue by a repair in enforcement (R11)."""

from datetime import timedelta

from demo.city.draft import Row
from demo.city.population import Population
from demo.records.codes import end_record, list_debtor, remove_listing
from demo.records.remedies import turn_blue
from demo.records.yellow import warn
from models.catalogue import Colour
from models.code_record import CloseReason
from models.repair import Repair
from models.sanction import Sanction


def fill_blue(population: Population, target: int) -> None:
    """Create repairs until `target` subjects are blue, and some repairs that were performed or breached."""
    draft = population.draft
    missing = max(0, target - population.coloured(Colour.BLUE))
    for _ in range(missing):
        _repaired(population)
    for _ in range(max(1, missing // 20)):
        record, blue = _repaired(population)
        for ended in (record, blue):
            end_record(ended, draft.ago(5, 25), CloseReason.PERFORMED)
        remove_listing(draft, record)
        end_record(_repaired(population)[1], draft.ago(5, 25), CloseReason.BREACHED)


def _repaired(population: Population) -> tuple[Row, Row]:
    draft = population.draft
    party, case = population.debtor(300, 640)
    since = draft.ago(28, 180)
    if len(draft.rows[Repair]) % 10:
        listing, record = list_debtor(draft, party, case, case["filed_on"] + timedelta(60), None)
        _, blue = turn_blue(draft, record, since)
        listing["ends_on"] = record["ends_on"]
    else:
        record = warn(draft, party, case, draft.cycle(("Y19", "Y20", "Y21"), Sanction), 230, 290)
        _, blue = turn_blue(draft, record, since)
    return record, blue
