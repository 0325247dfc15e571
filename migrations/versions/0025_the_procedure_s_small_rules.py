"""A month is published when it is over, a repair names its evidence, another answers an objection, nothing twice."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

DOCUMENT = r"""
CREATE FUNCTION document_key(number text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(
  regexp_replace(translate(normalize(number, NFKC), '〔〕【】[]', '()()()'), '\s', '', 'g'),
  '(\D)0+([1-9][0-9]*号)', '\1\2')
"""

SHOWN = (
    "outcome IS NOT NULL OR ground NOT IN ('FULL_PERFORMANCE', 'SETTLEMENT_KEPT')"
    " OR (evidence_document IS NOT NULL AND (ground <> 'FULL_PERFORMANCE' OR amount_performed > 0))"
)

ANOTHER = """
CREATE FUNCTION refuse_own_review() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.answered_by = (SELECT decided_by FROM deduction WHERE id = NEW.deduction_id) THEN
    RAISE EXCEPTION 'an objection is answered by another than who passed the item' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.create_check_constraint(
        op.f("ck_batch_over_when_published"),
        "batch",
        "(published_at AT TIME ZONE 'Asia/Shanghai')::date >= month + interval '1 month'",
        postgresql_not_valid=True,  # what was published before the rule stays published
    )
    op.execute(DOCUMENT)
    op.execute(
        "CREATE UNIQUE INDEX uq_deduction_proposed ON deduction"
        " (case_id, party_id, behaviour_id, conduct_on, document_key(finding_document))"
        " WHERE status NOT IN ('PANEL_REJECTED', 'WITHDRAWN')"
    )
    op.add_column("repair", sa.Column("evidence_document", sa.Text()))
    op.add_column("repair", sa.Column("evidence_digest", sa.LargeBinary()))
    op.create_check_constraint(
        op.f("ck_repair_evidence_whole"),
        "repair",
        "num_nonnulls(evidence_document, evidence_digest) <> 1 AND octet_length(evidence_digest) = 32",
    )
    op.create_check_constraint(op.f("ck_repair_evidence_shown"), "repair", SHOWN, postgresql_not_valid=True)
    op.add_column("objection", sa.Column("answered_by", sa.BigInteger()))
    op.create_foreign_key("fk_objection_answered_by", "objection", "staff", ["answered_by"], ["id"])
    op.create_check_constraint(
        op.f("ck_objection_answered_with_outcome"), "objection", "answered_by IS NULL OR outcome IS NOT NULL"
    )
    op.execute(ANOTHER)
    op.execute(
        "CREATE TRIGGER another_answers BEFORE INSERT OR UPDATE OF answered_by ON objection"
        " FOR EACH ROW WHEN (NEW.answered_by IS NOT NULL) EXECUTE FUNCTION refuse_own_review()"
    )
