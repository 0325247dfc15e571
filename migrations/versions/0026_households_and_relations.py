"""Members of households, relations of organizations, settlements performed, benefits."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

MATTERS = ("sanction_id", "certificate_id", "listing_id", "code_record_id", "consequence_notice_id")
CONVERTED = "num_nonnulls(deduction_id, code_record_id, settlement_id) = 1"

SETTLE = """
CREATE FUNCTION settle_member() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    person bigint;
BEGIN
    FOREACH person IN ARRAY ARRAY[OLD.party_id, NEW.party_id] LOOP
        UPDATE party SET (household_id, village_id) = (
            SELECT h.id, h.village_id FROM household_member m JOIN household h ON h.id = m.household_id
            WHERE m.party_id = person AND m.left_on IS NULL
        ) WHERE id = person;
    END LOOP;
    RETURN NULL;
END $$
"""
RESETTLE = """
CREATE FUNCTION resettle_household() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE party SET village_id = NEW.village_id WHERE household_id = NEW.id;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    _households()
    _relations()
    _settlements()
    _benefits()


def _key(column: str, table: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=f"fk_{table}_{column}")


def _households() -> None:
    table = "household_member"
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("party_id", sa.BigInteger(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("consent_number", sa.Text(), nullable=False),
        sa.Column("consented_on", sa.Date(), nullable=False),
        sa.Column("enrolled_on", sa.Date(), nullable=False),
        sa.Column("left_on", sa.Date()),
        sa.PrimaryKeyConstraint("id", name="pk_household_member"),
        _key("household_id", table, "household"),
        _key("party_id", table, "party"),
        sa.UniqueConstraint("household_id", "party_id", name="uq_household_member_household_id_party_id"),
        sa.CheckConstraint("left_on >= enrolled_on", name="left_after_enrolment"),
        sa.CheckConstraint("consent_number <> ''", name="consented"),
    )
    op.create_index("ix_household_member_party_id", table, ["party_id"])
    still = sa.text("left_on IS NULL")
    op.create_index("uq_household_member_open", table, ["party_id"], unique=True, postgresql_where=still)
    op.execute(SETTLE)
    op.execute(
        "CREATE TRIGGER settle_member AFTER INSERT OR DELETE OR UPDATE OF household_id, party_id, left_on"
        " ON household_member FOR EACH ROW EXECUTE FUNCTION settle_member()"
    )
    op.execute(RESETTLE)
    op.execute(
        "CREATE TRIGGER resettle_household AFTER UPDATE OF village_id"
        " ON household FOR EACH ROW EXECUTE FUNCTION resettle_household()"
    )


def _relations() -> None:
    table = "relation"
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("party_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date()),
        sa.PrimaryKeyConstraint("id", name="pk_relation"),
        _key("organization_id", table, "party"),
        _key("party_id", table, "party"),
        sa.UniqueConstraint(
            "organization_id", "kind", "party_id", "begins_on", name="uq_relation_organization_id_kind_party_id_begins_on"
        ),
        sa.CheckConstraint("kind IN ('LEGAL_REPRESENTATIVE', 'AFFILIATE')", name="relationkind"),
        sa.CheckConstraint("ends_on >= begins_on", name="ends_after_it_begins"),
        sa.CheckConstraint("organization_id <> party_id", name="two_parties"),
    )
    op.create_index("ix_relation_party_id", table, ["party_id"])


def _settlements() -> None:
    table = "settlement"
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("case_id", sa.BigInteger()),
        sa.Column("court_code", sa.Text(), nullable=False),
        sa.Column("party_id", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("performed_on", sa.Date(), nullable=False),
        sa.Column("revoked_on", sa.Date()),
        sa.PrimaryKeyConstraint("id", name="pk_settlement"),
        _key("case_id", table, "court_case"),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name="fk_settlement_court_code"),
        _key("party_id", table, "party"),
        sa.UniqueConstraint("case_number", "party_id", "document", name="uq_settlement_case_number_party_id_document"),
        sa.CheckConstraint("document <> ''", name="documented"),
        sa.CheckConstraint("revoked_on >= performed_on", name="revoked_after_performed"),
    )
    for column in ("case_id", "court_code", "party_id"):
        op.create_index(f"ix_settlement_{column}", table, [column])
    for other in ("record_step", "point_conversion"):
        op.add_column(other, sa.Column("settlement_id", sa.BigInteger()))
        op.create_foreign_key(f"fk_{other}_settlement_id", other, table, ["settlement_id"], ["id"])
        op.create_index(f"ix_{other}_settlement_id", other, ["settlement_id"])
    op.drop_constraint(op.f("ck_record_step_of_one_matter"), "record_step")
    matters = ", ".join((*MATTERS, "settlement_id"))
    op.create_check_constraint(op.f("ck_record_step_of_one_matter"), "record_step", f"num_nonnulls({matters}) = 1")
    op.create_check_constraint(op.f("ck_point_conversion_one_source"), "point_conversion", CONVERTED)


def _benefits() -> None:
    op.create_table(
        "benefit",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("english_name", sa.Text(), nullable=False),
        sa.Column("least_points", sa.SmallInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_benefit"),
        _key("version_id", "benefit", "catalogue_version"),
        sa.UniqueConstraint("version_id", "code", name="uq_benefit_version_id_code"),
        sa.CheckConstraint(
            "kind IN ('FINANCE', 'MEDICAL', 'TRANSPORT', 'EDUCATION', 'ELDERLY_CARE')", name="benefitkind"
        ),
    )
