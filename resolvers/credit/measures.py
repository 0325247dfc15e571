"""The subject of a measure: the party of its record, while the record may be seen (R10)."""

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from engine.declare.relations import Frame, Relation
from engine.declare.sql import SQL
from resolvers.visibility.items import may_see_code_record


def _party_of(measure: Frame, party: Frame) -> SQL:
    record = aliased(models.CodeRecord)
    seen = may_see_code_record(Frame(record), Audience.CREDIT_PLATFORM)
    return sa.select(record.id).where(record.id == measure.code_record_id, record.party_id == party.id, seen).exists()


PARTY = Relation(target=models.Party, on=_party_of, keys={"code_record_id": sa.BigInteger()})
