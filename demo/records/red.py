"""Subjects that are red by a fine, a detention or a conviction (R12)."""

from datetime import timedelta

from demo.city.draft import Row
from demo.city.population import Population
from demo.city.register import add_newcomer
from demo.records.cases import open_case, take_part
from demo.records.codes import end_record, enforce, punish, redden
from models.catalogue import Colour
from models.code_record import CloseReason
from models.court_case import Role
from models.sanction import Sanction, SanctionKind

RED_KINDS = (
    (SanctionKind.CONVICTION, "F02"),
    (SanctionKind.CONVICTION, "E03"),
    (SanctionKind.FINE, "T01"),
    (SanctionKind.DETENTION, "E04"),
    (SanctionKind.FINE, "E02"),
    (SanctionKind.DETENTION, "E09"),
    (SanctionKind.FINE, "T12"),
)


def fill_red(population: Population, target: int) -> None:
    """Create sanctions until `target` subjects are red, one revoked sanction and one expired record."""
    draft = population.draft
    for index in range(max(0, target - population.coloured(Colour.RED))):
        _sanctioned(population, RED_KINDS[index % len(RED_KINDS)], 20, 1500)
    revoked = _sanctioned(population, RED_KINDS[2], 200, 400)
    sanction = draft.rows[Sanction][-1]
    sanction["revoked_on"] = draft.after(sanction["effective_on"], 20, 40)
    end_record(revoked, sanction["revoked_on"], CloseReason.REVOKED)
    _sanctioned(population, RED_KINDS[3], 1900, 2100)


def _sanctioned(population: Population, choice: tuple[SanctionKind, str], least: int, most: int) -> Row:
    draft = population.draft
    kind, behaviour = choice
    court, decided = population.court(), draft.ago(least, most)
    filed = decided - timedelta(90)
    party = add_newcomer(draft, court, filed)
    if behaviour.startswith("E"):
        case = enforce(draft, party, population.creditor(court), court, filed, decided + timedelta(10))
    else:
        case = open_case(draft, court, "民初", filed, decided + timedelta(10))
        take_part(draft, case, population.creditor(court), Role.PLAINTIFF)
        take_part(draft, case, party, Role.DEFENDANT)
    return redden(draft, party, punish(draft, party, kind, behaviour, case, decided), case["stage"])
