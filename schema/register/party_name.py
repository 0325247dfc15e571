"""Names of parties over time."""

from datetime import date

import models
from engine.declare.fields import column
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.party_name import NameStanding
from resolvers.visibility.about import ABOUT_PARTY
from resolvers.visibility.predicates import may_see_party_name
from schema.requirements import KNOWN_PARTY


@row_type(models.PartyName, seen_by=may_see_party_name, about=ABOUT_PARTY, requires=KNOWN_PARTY)
class PartyName(Node):
    """A name that a party has or had (姓名或名称沿革)."""

    name: str = column("The name as it is written (姓名或名称).")
    standing: NameStanding = column("What it is to the party (现用名、曾用名).")
    begins_on: date | None = column("First day on which a court's file bears it (起始日期).")
    ends_on: date | None = column("Last such day; none of a current name (终止日期).")
