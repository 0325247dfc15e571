"""Relations of participations and deductions without a foreign key."""

import sqlalchemy as sa

import models
from engine.declare.relations import Order, Relation
from resolvers.joins import join
from resolvers.procedure.assessments import Assessment

ASSESSMENTS = Relation(
    target=Assessment,
    on=lambda part, score: sa.and_(
        score.case_id == part.case_id, score.party_id == part.party_id, score.role == part.role
    ),
    keys={"case_id": sa.BigInteger(), "party_id": sa.BigInteger(), "role": models.Participation.role.type},
    many=True,
    orders={"STAGE": Order(("stage",))},
)

DEDUCTION_ASSESSMENT = Relation(
    target=Assessment,
    on=lambda deduction, score: sa.and_(
        score.case_id == deduction.case_id,
        score.party_id == deduction.party_id,
        score.role == deduction.role,
        score.stage == deduction.stage,
    ),
    keys={
        "case_id": sa.BigInteger(),
        "party_id": sa.BigInteger(),
        "role": models.Participation.role.type,
        "stage": models.Deduction.stage.type,
    },
)

CASE_DEDUCTIONS = join(models.Deduction, "case_id")
