"""A party has its name among its names from the first; the right number of a conflict waits sealed with its act."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"

NAME = """
    CREATE FUNCTION name_party() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO party_name (party_id, name, folded, standing)
        SELECT n.id, n.name, n.folded, 'CURRENT' FROM changed n ORDER BY n.id
        ON CONFLICT DO NOTHING;
        RETURN NULL;
    END $$
"""
COLUMNS = {"number_kind": sa.String(40), "number_index": sa.LargeBinary(), "number_sealed": sa.LargeBinary()}


def upgrade() -> None:
    op.execute(NAME)
    op.execute(
        "CREATE TRIGGER name_party AFTER INSERT ON party REFERENCING NEW TABLE AS changed"
        " FOR EACH STATEMENT EXECUTE FUNCTION name_party()"
    )
    for name, kind in COLUMNS.items():
        op.add_column("identity_act", sa.Column(name, kind))
    op.add_column("identity_act", sa.Column("number_masked", sa.Text()))
    op.create_check_constraint(
        op.f("ck_identity_act_whole_number"),
        "identity_act",
        "num_nulls(number_kind, number_index, number_sealed, number_masked) IN (0, 4)",
    )
    op.create_check_constraint(
        op.f("ck_identity_act_right_number"), "identity_act", "number_index IS NULL OR outcome = 'WRONG_NUMBER'"
    )
    kinds = (
        "'RESIDENT_ID', 'UNIFIED_SOCIAL_CREDIT_CODE', 'PASSPORT', 'HK_MACAO_PERMIT', 'TAIWAN_PERMIT',"
        " 'FOREIGNER_RESIDENCE', 'HK_MACAO_TAIWAN_RESIDENCE', 'MILITARY_ID', 'ORGANIZATION_CODE',"
        " 'BUSINESS_REGISTRATION'"
    )
    op.create_check_constraint(op.f("ck_identity_act_numberkind"), "identity_act", f"number_kind IN ({kinds})")
