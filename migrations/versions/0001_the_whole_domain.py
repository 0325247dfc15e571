"""The whole domain."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


APPEND_ONLY = ("deduction_step", "deduction_version", "access_record")


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.create_table('case_type',
    sa.Column('characters', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('codes', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('characters', name=op.f('pk_case_type'))
    )
    op.create_table('catalogue_version',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('label', sa.Text(), nullable=False),
    sa.Column('effective_from', sa.Date(), nullable=False),
    sa.Column('effective_to', sa.Date(), nullable=True),
    sa.Column('note', sa.Text(), nullable=False),
    postgresql.ExcludeConstraint((sa.text('daterange(effective_from, effective_to)'), '&&'), using='gist', name='one_in_force'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_catalogue_version')),
    sa.UniqueConstraint('label', name=op.f('uq_catalogue_version_label'))
    )
    op.create_table('court',
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('parent_code', sa.Text(), nullable=True),
    sa.Column('division', sa.Text(), nullable=True),
    sa.Column('evidence', sa.Text(), nullable=False),
    sa.CheckConstraint('starts_with(code, parent_code)', name=op.f('ck_court_below_parent')),
    sa.ForeignKeyConstraint(['parent_code'], ['court.code'], name=op.f('fk_court_parent_code')),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_court')),
    sa.UniqueConstraint('name', name=op.f('uq_court_name'))
    )
    op.create_index(op.f('ix_court_parent_code'), 'court', ['parent_code'], unique=False)
    op.create_table('village',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_village')),
    sa.UniqueConstraint('name', name=op.f('uq_village_name'))
    )
    op.create_table('batch',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('court_code', sa.Text(), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('status', sa.Enum('OPEN', 'DECIDED', 'PUBLISHED', name='batchstatus', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(status = 'PUBLISHED') = (published_at IS NOT NULL)", name=op.f('ck_batch_published_once')),
    sa.CheckConstraint('extract(day FROM month) = 1', name=op.f('ck_batch_month_is_its_first_day')),
    sa.ForeignKeyConstraint(['court_code'], ['court.code'], name=op.f('fk_batch_court_code')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_batch')),
    sa.UniqueConstraint('court_code', 'month', name=op.f('uq_batch_court_code_month'))
    )
    op.create_table('behaviour',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('version_id', sa.BigInteger(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('stage', sa.Enum('FILING', 'TRIAL', 'ENFORCEMENT', name='stage', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('tier', sa.Enum('T1', 'T2', 'T3', name='tier', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('english_name', sa.Text(), nullable=False),
    sa.Column('legal_basis', sa.Text(), nullable=False),
    sa.Column('points_min', sa.SmallInteger(), nullable=False),
    sa.Column('points_max', sa.SmallInteger(), nullable=False),
    sa.Column('code_type', sa.Text(), nullable=True),
    sa.Column('evidence', sa.Text(), nullable=False),
    sa.CheckConstraint("(tier = 'T1' AND points_min BETWEEN 1 AND 5 AND points_max BETWEEN 1 AND 5) OR (tier = 'T2' AND points_min BETWEEN 6 AND 8 AND points_max BETWEEN 6 AND 8) OR (tier = 'T3' AND points_min BETWEEN 9 AND 10 AND points_max BETWEEN 9 AND 10)", name=op.f('ck_behaviour_points_within_tier')),
    sa.CheckConstraint('points_min <= points_max', name=op.f('ck_behaviour_points_ordered')),
    sa.ForeignKeyConstraint(['version_id'], ['catalogue_version.id'], name=op.f('fk_behaviour_version_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_behaviour')),
    sa.UniqueConstraint('id', 'stage', 'tier', name=op.f('uq_behaviour_id_stage_tier')),
    sa.UniqueConstraint('version_id', 'code', name=op.f('uq_behaviour_version_id_code'))
    )
    op.create_table('bulletin',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('court_code', sa.Text(), nullable=False),
    sa.Column('kind', sa.Enum('MONTHLY', 'TYPICAL_CASES', name='bulletinkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('extract(day FROM month) = 1', name=op.f('ck_bulletin_month_is_its_first_day')),
    sa.ForeignKeyConstraint(['court_code'], ['court.code'], name=op.f('fk_bulletin_court_code')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bulletin')),
    sa.UniqueConstraint('court_code', 'month', 'kind', name=op.f('uq_bulletin_court_code_month_kind'))
    )
    op.create_index(op.f('ix_bulletin_court_code'), 'bulletin', ['court_code'], unique=False)
    op.create_table('client',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('audience', sa.Enum('BANK', 'EMPLOYER', 'COMMERCE', 'MORAL_BANK', 'VILLAGE', 'COURT', 'PUBLIC_PORTAL', 'LITIGANT_PORTAL', 'CREDIT_PLATFORM', 'AUDITOR', name='audience', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('authentication', sa.Enum('private_key_jwt', 'client_secret_basic', name='authentication', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('jwks', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('secret_hash', sa.LargeBinary(), nullable=True),
    sa.Column('scopes', sa.ARRAY(sa.Text()), nullable=False),
    sa.Column('purposes', sa.ARRAY(sa.Text()), nullable=False),
    sa.Column('court_code', sa.Text(), nullable=True),
    sa.Column('village_id', sa.BigInteger(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('disabled_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(audience = 'COURT') = (court_code IS NOT NULL)", name=op.f('ck_client_court')),
    sa.CheckConstraint("(audience = 'VILLAGE') = (village_id IS NOT NULL)", name=op.f('ck_client_village')),
    sa.CheckConstraint("(authentication = 'client_secret_basic') = (secret_hash IS NOT NULL)", name=op.f('ck_client_secret')),
    sa.CheckConstraint("(authentication = 'private_key_jwt') = (jwks IS NOT NULL)", name=op.f('ck_client_jwks')),
    sa.CheckConstraint('cardinality(scopes) > 0', name=op.f('ck_client_scopes')),
    sa.CheckConstraint('octet_length(secret_hash) = 32', name=op.f('ck_client_secret_length')),
    sa.ForeignKeyConstraint(['court_code'], ['court.code'], name=op.f('fk_client_court_code')),
    sa.ForeignKeyConstraint(['village_id'], ['village.id'], name=op.f('fk_client_village_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_client')),
    sa.UniqueConstraint('client_id', name=op.f('uq_client_client_id'))
    )
    op.create_index(op.f('ix_client_court_code'), 'client', ['court_code'], unique=False)
    op.create_index(op.f('ix_client_village_id'), 'client', ['village_id'], unique=False)
    op.create_table('code_type',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('version_id', sa.BigInteger(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('colour', sa.Enum('RED', 'YELLOW', 'BLUE', 'GOLD', 'GREEN', name='colour', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('english_name', sa.Text(), nullable=False),
    sa.Column('legal_basis', sa.Text(), nullable=False),
    sa.Column('term_months', sa.SmallInteger(), nullable=True),
    sa.Column('term_note', sa.Text(), nullable=False),
    sa.Column('exit_rule', sa.Text(), nullable=False),
    sa.Column('partner_visible', sa.Boolean(), nullable=False),
    sa.Column('evidence', sa.Text(), nullable=False),
    sa.CheckConstraint('term_months > 0 AND term_months <= 60', name=op.f('ck_code_type_term_within_five_years')),
    sa.ForeignKeyConstraint(['version_id'], ['catalogue_version.id'], name=op.f('fk_code_type_version_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_code_type')),
    sa.UniqueConstraint('id', 'colour', name=op.f('uq_code_type_id_colour')),
    sa.UniqueConstraint('version_id', 'code', name=op.f('uq_code_type_version_id_code'))
    )
    op.create_table('court_case',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('court_code', sa.Text(), nullable=False),
    sa.Column('year', sa.SmallInteger(), nullable=False),
    sa.Column('type_characters', sa.Text(), nullable=False),
    sa.Column('stage', sa.Enum('FILING', 'TRIAL', 'ENFORCEMENT', name='stage', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('cause', sa.Text(), nullable=False),
    sa.Column('confidentiality', sa.Enum('OPEN', 'FAMILY', 'TRADE_SECRET', 'PRIVACY', 'STATE_SECRET', name='confidentiality', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('filed_on', sa.Date(), nullable=False),
    sa.Column('closed_on', sa.Date(), nullable=True),
    sa.CheckConstraint('closed_on >= filed_on', name=op.f('ck_court_case_closed_after_filed')),
    sa.ForeignKeyConstraint(['court_code'], ['court.code'], name=op.f('fk_court_case_court_code')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_court_case')),
    sa.UniqueConstraint('number', name=op.f('uq_court_case_number'))
    )
    op.create_index(op.f('ix_court_case_filed_on'), 'court_case', ['filed_on'], unique=False)
    op.create_table('household',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('village_id', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['village_id'], ['village.id'], name=op.f('fk_household_village_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_household')),
    sa.UniqueConstraint('key', name=op.f('uq_household_key'))
    )
    op.create_index(op.f('ix_household_village_id'), 'household', ['village_id'], unique=False)
    op.create_table('moral_bank_item',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('version_id', sa.BigInteger(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('kind', sa.Enum('BONUS', 'DEDUCT', 'VETO', 'REPAIR', name='itemkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('english_name', sa.Text(), nullable=False),
    sa.Column('grounded_in', sa.Text(), nullable=False),
    sa.Column('rule', sa.Text(), nullable=False),
    sa.Column('value', sa.Numeric(precision=6, scale=2), nullable=True),
    sa.Column('note', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['version_id'], ['catalogue_version.id'], name=op.f('fk_moral_bank_item_version_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_moral_bank_item')),
    sa.UniqueConstraint('version_id', 'code', name=op.f('uq_moral_bank_item_version_id_code'))
    )
    op.create_table('staff',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('role', sa.Enum('JUDGE', 'CHIEF', 'CENTRE', 'PANEL', 'PRESIDENT', name='staffrole', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('court_code', sa.Text(), nullable=False),
    sa.Column('left_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['court_code'], ['court.code'], name=op.f('fk_staff_court_code')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_staff'))
    )
    op.create_index(op.f('ix_staff_court_code'), 'staff', ['court_code'], unique=False)
    op.create_table('assertion_use',
    sa.Column('client_id', sa.BigInteger(), nullable=False),
    sa.Column('jti', sa.Text(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['client_id'], ['client.id'], name=op.f('fk_assertion_use_client_id')),
    sa.PrimaryKeyConstraint('client_id', 'jti', name=op.f('pk_assertion_use'))
    )
    op.create_index(op.f('ix_assertion_use_expires_at'), 'assertion_use', ['expires_at'], unique=False)
    op.create_table('consent',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('client_key', sa.BigInteger(), nullable=False),
    sa.Column('subject_index', sa.LargeBinary(), nullable=False),
    sa.Column('purposes', sa.ARRAY(sa.Text()), nullable=False),
    sa.Column('scopes', sa.ARRAY(sa.Text()), nullable=False),
    sa.Column('signed_on', sa.Date(), nullable=False),
    sa.Column('valid_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('valid_to', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('cardinality(purposes) > 0 AND cardinality(scopes) > 0', name=op.f('ck_consent_names_purpose_and_scope')),
    sa.CheckConstraint('valid_to > valid_from', name=op.f('ck_consent_lasts')),
    sa.ForeignKeyConstraint(['client_key'], ['client.id'], name=op.f('fk_consent_client_key')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consent')),
    sa.UniqueConstraint('reference', name=op.f('uq_consent_reference'))
    )
    op.create_index('ix_consent_subject', 'consent', ['subject_index', 'client_key'], unique=False)
    op.create_table('issued_token',
    sa.Column('jti', sa.Text(), nullable=False),
    sa.Column('client_id', sa.BigInteger(), nullable=False),
    sa.Column('subject_index', sa.LargeBinary(), nullable=True),
    sa.Column('scope', sa.Text(), nullable=False),
    sa.Column('issued_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('expires_at > issued_at', name=op.f('ck_issued_token_lifetime')),
    sa.ForeignKeyConstraint(['client_id'], ['client.id'], name=op.f('fk_issued_token_client_id')),
    sa.PrimaryKeyConstraint('jti', name=op.f('pk_issued_token'))
    )
    op.create_index(op.f('ix_issued_token_client_id'), 'issued_token', ['client_id'], unique=False)
    op.create_index(op.f('ix_issued_token_expires_at'), 'issued_token', ['expires_at'], unique=False)
    op.create_table('party',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('kind', sa.Enum('PERSON', 'ORGANIZATION', name='partykind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('disclosed', sa.Boolean(), nullable=False),
    sa.Column('village_id', sa.BigInteger(), nullable=True),
    sa.Column('household_id', sa.BigInteger(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['household_id'], ['household.id'], name=op.f('fk_party_household_id')),
    sa.ForeignKeyConstraint(['village_id'], ['village.id'], name=op.f('fk_party_village_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_party'))
    )
    op.create_index('ix_party_household_id', 'party', ['household_id'], unique=False, postgresql_where=sa.text('household_id IS NOT NULL'))
    op.create_index(op.f('ix_party_name'), 'party', ['name'], unique=False)
    op.create_table('certificate',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('case_number', sa.Text(), nullable=False),
    sa.Column('case_id', sa.BigInteger(), nullable=True),
    sa.Column('party_id', sa.BigInteger(), nullable=False),
    sa.Column('performed_on', sa.Date(), nullable=False),
    sa.Column('issued_on', sa.Date(), nullable=False),
    sa.Column('revoked_on', sa.Date(), nullable=True),
    sa.Column('protected', sa.Boolean(), nullable=False),
    sa.CheckConstraint('issued_on >= performed_on', name=op.f('ck_certificate_issued_after_performed')),
    sa.ForeignKeyConstraint(['case_id'], ['court_case.id'], name=op.f('fk_certificate_case_id')),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_certificate_party_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_certificate')),
    sa.UniqueConstraint('number', name=op.f('uq_certificate_number'))
    )
    op.create_index(op.f('ix_certificate_case_id'), 'certificate', ['case_id'], unique=False)
    op.create_index(op.f('ix_certificate_party_id'), 'certificate', ['party_id'], unique=False)
    op.create_table('code_period',
    sa.Column('party_id', sa.BigInteger(), nullable=False),
    sa.Column('perspective', sa.Enum('COURT', 'OUTSIDE', name='perspective', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('during', postgresql.DATERANGE(), nullable=False),
    sa.Column('colour', sa.Enum('RED', 'YELLOW', 'BLUE', 'GOLD', 'GREEN', name='colour', native_enum=False, create_constraint=True, length=40), nullable=False),
    postgresql.ExcludeConstraint((sa.column('party_id'), '='), (sa.column('perspective'), '='), (sa.column('during'), '&&'), using='gist', name='one_colour_a_day'),
    sa.CheckConstraint('NOT isempty(during)', name=op.f('ck_code_period_lasts')),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_code_period_party_id')),
    sa.PrimaryKeyConstraint('party_id', 'perspective', 'during', name=op.f('pk_code_period'))
    )
    op.create_table('deduction',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('case_id', sa.BigInteger(), nullable=False),
    sa.Column('party_id', sa.BigInteger(), nullable=False),
    sa.Column('role', sa.Enum('PLAINTIFF', 'DEFENDANT', 'THIRD_PARTY', 'ENFORCEMENT_APPLICANT', 'JUDGMENT_DEBTOR', 'AGENT', 'WITNESS', 'APPRAISER', 'ASSISTING_BODY', 'BIDDER', 'OUTSIDER', name='role', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('behaviour_id', sa.Integer(), nullable=False),
    sa.Column('stage', sa.Enum('FILING', 'TRIAL', 'ENFORCEMENT', name='stage', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('tier', sa.Enum('T1', 'T2', 'T3', name='tier', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('points', sa.SmallInteger(), nullable=False),
    sa.Column('status', sa.Enum('PROPOSED', 'CHIEF_APPROVED', 'CHIEF_RETURNED', 'IN_BATCH', 'PANEL_APPROVED', 'PANEL_REJECTED', 'PUBLISHED', 'EXPIRED', 'WITHDRAWN', 'SHIELDED', name='deductionstatus', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('version', sa.SmallInteger(), nullable=False),
    sa.Column('conduct_on', sa.Date(), nullable=False),
    sa.Column('protected', sa.Boolean(), nullable=False),
    sa.Column('finding_kind', sa.Enum('COURT_RECORD', 'RULING', 'JUDGMENT', 'ADMONITION', 'FINE_DECISION', 'DETENTION_DECISION', 'CRIMINAL_JUDGMENT', name='findingkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('finding_document', sa.Text(), nullable=True),
    sa.Column('batch_id', sa.BigInteger(), nullable=True),
    sa.Column('proposed_by', sa.BigInteger(), nullable=False),
    sa.Column('reviewed_by', sa.BigInteger(), nullable=True),
    sa.Column('decided_by', sa.BigInteger(), nullable=True),
    sa.Column('proposed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('notified_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('determined_on', sa.Date(), nullable=True),
    sa.Column('expires_on', sa.Date(), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(status IN ('WITHDRAWN', 'SHIELDED')) = (ended_at IS NOT NULL)", name=op.f('ck_deduction_ended')),
    sa.CheckConstraint("(tier = 'T1' AND finding_kind IN ('COURT_RECORD', 'RULING', 'JUDGMENT', 'ADMONITION', 'FINE_DECISION', 'DETENTION_DECISION', 'CRIMINAL_JUDGMENT')) OR (tier = 'T2' AND finding_kind IN ('RULING', 'JUDGMENT', 'ADMONITION', 'FINE_DECISION', 'DETENTION_DECISION', 'CRIMINAL_JUDGMENT')) OR (tier = 'T3' AND finding_kind IN ('FINE_DECISION', 'DETENTION_DECISION', 'CRIMINAL_JUDGMENT', 'JUDGMENT'))", name=op.f('ck_deduction_documented')),
    sa.CheckConstraint("(tier = 'T1' AND points BETWEEN 1 AND 5) OR (tier = 'T2' AND points BETWEEN 6 AND 8) OR (tier = 'T3' AND points BETWEEN 9 AND 10)", name=op.f('ck_deduction_points_within_tier')),
    sa.CheckConstraint("expires_on <= determined_on + interval '5 years'", name=op.f('ck_deduction_five_years_at_most')),
    sa.CheckConstraint("status <> 'EXPIRED'", name=op.f('ck_deduction_expiry_is_derived')),
    sa.CheckConstraint("status NOT IN ('PUBLISHED', 'WITHDRAWN', 'SHIELDED') OR (notified_at < published_at AND batch_id IS NOT NULL AND determined_on IS NOT NULL AND expires_on IS NOT NULL)", name=op.f('ck_deduction_notified_before_publication')),
    sa.CheckConstraint('proposed_by <> reviewed_by AND proposed_by <> decided_by AND reviewed_by <> decided_by', name=op.f('ck_deduction_three_people')),
    sa.ForeignKeyConstraint(['batch_id'], ['batch.id'], name=op.f('fk_deduction_batch_id')),
    sa.ForeignKeyConstraint(['behaviour_id', 'stage', 'tier'], ['behaviour.id', 'behaviour.stage', 'behaviour.tier'], name=op.f('fk_deduction_behaviour_id_stage_tier')),
    sa.ForeignKeyConstraint(['case_id'], ['court_case.id'], name=op.f('fk_deduction_case_id')),
    sa.ForeignKeyConstraint(['decided_by'], ['staff.id'], name=op.f('fk_deduction_decided_by')),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_deduction_party_id')),
    sa.ForeignKeyConstraint(['proposed_by'], ['staff.id'], name=op.f('fk_deduction_proposed_by')),
    sa.ForeignKeyConstraint(['reviewed_by'], ['staff.id'], name=op.f('fk_deduction_reviewed_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deduction'))
    )
    op.create_index(op.f('ix_deduction_batch_id'), 'deduction', ['batch_id'], unique=False)
    op.create_index(op.f('ix_deduction_behaviour_id'), 'deduction', ['behaviour_id'], unique=False)
    op.create_index(op.f('ix_deduction_case_id'), 'deduction', ['case_id'], unique=False)
    op.create_index('ix_deduction_party', 'deduction', ['party_id', 'published_at'], unique=False)
    op.create_index(op.f('ix_deduction_published_at'), 'deduction', ['published_at'], unique=False)
    op.create_table('identity',
    sa.Column('party_id', sa.BigInteger(), nullable=False),
    sa.Column('type', sa.Enum('RESIDENT_ID', 'UNIFIED_SOCIAL_CREDIT_CODE', name='identitytype', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('index', sa.LargeBinary(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('masked', sa.Text(), nullable=False),
    sa.CheckConstraint("masked LIKE '%%*%%'", name=op.f('ck_identity_masked_form')),
    sa.CheckConstraint('octet_length(index) = 21', name=op.f('ck_identity_keyed_hash')),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_identity_party_id')),
    sa.PrimaryKeyConstraint('party_id', name=op.f('pk_identity')),
    sa.UniqueConstraint('index', name=op.f('uq_identity_index'))
    )
    op.create_table('listing',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('kind', sa.Enum('DISHONEST_DEBTOR', 'PROFESSIONAL_LENDER', name='listingkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('party_id', sa.BigInteger(), nullable=False),
    sa.Column('court_code', sa.Text(), nullable=False),
    sa.Column('case_id', sa.BigInteger(), nullable=True),
    sa.Column('case_number', sa.Text(), nullable=False),
    sa.Column('basis_number', sa.Text(), nullable=False),
    sa.Column('basis_unit', sa.Text(), nullable=False),
    sa.Column('obligation', sa.Text(), nullable=False),
    sa.Column('performance', sa.Text(), nullable=False),
    sa.Column('grounds', sa.Text(), nullable=False),
    sa.Column('listed_on', sa.Date(), nullable=False),
    sa.Column('published_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.Column('removed_on', sa.Date(), nullable=True),
    sa.Column('protected', sa.Boolean(), nullable=False),
    sa.CheckConstraint('published_on >= listed_on', name=op.f('ck_listing_published_after_listed')),
    sa.CheckConstraint('removed_on >= published_on AND ends_on >= published_on', name=op.f('ck_listing_ends_after_published')),
    sa.ForeignKeyConstraint(['case_id'], ['court_case.id'], name=op.f('fk_listing_case_id')),
    sa.ForeignKeyConstraint(['court_code'], ['court.code'], name=op.f('fk_listing_court_code')),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_listing_party_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_listing')),
    sa.UniqueConstraint('kind', 'party_id', 'court_code', 'case_number', name=op.f('uq_listing_kind_party_id_court_code_case_number'))
    )
    op.create_index(op.f('ix_listing_case_id'), 'listing', ['case_id'], unique=False)
    op.create_index(op.f('ix_listing_court_code'), 'listing', ['court_code'], unique=False)
    op.create_index(op.f('ix_listing_party_id'), 'listing', ['party_id'], unique=False)
    op.create_index('ix_listing_published', 'listing', ['published_on', 'id'], unique=False)
    op.create_table('participation',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('case_id', sa.BigInteger(), nullable=False),
    sa.Column('party_id', sa.BigInteger(), nullable=True),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('role', sa.Enum('PLAINTIFF', 'DEFENDANT', 'THIRD_PARTY', 'ENFORCEMENT_APPLICANT', 'JUDGMENT_DEBTOR', 'AGENT', 'WITNESS', 'APPRAISER', 'ASSISTING_BODY', 'BIDDER', 'OUTSIDER', name='role', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('protected', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['court_case.id'], name=op.f('fk_participation_case_id')),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_participation_party_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_participation'))
    )
    op.create_index(op.f('ix_participation_party_id'), 'participation', ['party_id'], unique=False)
    op.create_index('uq_participation_party', 'participation', ['case_id', 'role', 'party_id'], unique=True, postgresql_where=sa.text('party_id IS NOT NULL'))
    op.create_index('uq_participation_unidentified', 'participation', ['case_id', 'role', 'name'], unique=True, postgresql_where=sa.text('party_id IS NULL'))
    op.create_table('sanction',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('decision_number', sa.Text(), nullable=False),
    sa.Column('related_number', sa.Text(), nullable=False),
    sa.Column('court_code', sa.Text(), nullable=False),
    sa.Column('case_id', sa.BigInteger(), nullable=True),
    sa.Column('party_id', sa.BigInteger(), nullable=False),
    sa.Column('behaviour_id', sa.BigInteger(), nullable=True),
    sa.Column('kind', sa.Enum('FINE', 'DETENTION', 'CONVICTION', 'ADMONITION', 'ORDERED_OUT', name='sanctionkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('amount', sa.Numeric(precision=15, scale=2), nullable=True),
    sa.Column('days', sa.SmallInteger(), nullable=True),
    sa.Column('decided_on', sa.Date(), nullable=False),
    sa.Column('effective_on', sa.Date(), nullable=False),
    sa.Column('revoked_on', sa.Date(), nullable=True),
    sa.Column('protected', sa.Boolean(), nullable=False),
    sa.CheckConstraint("CASE WHEN kind = 'DETENTION' THEN days IS NOT NULL AND days BETWEEN 1 AND 15 ELSE days IS NULL END", name=op.f('ck_sanction_detention_has_days')),
    sa.CheckConstraint("CASE WHEN kind = 'FINE' THEN amount IS NOT NULL AND amount > 0 ELSE amount IS NULL END", name=op.f('ck_sanction_fine_has_amount')),
    sa.CheckConstraint('effective_on >= decided_on', name=op.f('ck_sanction_effective_after_decision')),
    sa.ForeignKeyConstraint(['behaviour_id'], ['behaviour.id'], name=op.f('fk_sanction_behaviour_id')),
    sa.ForeignKeyConstraint(['case_id'], ['court_case.id'], name=op.f('fk_sanction_case_id')),
    sa.ForeignKeyConstraint(['court_code'], ['court.code'], name=op.f('fk_sanction_court_code')),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_sanction_party_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sanction')),
    sa.UniqueConstraint('decision_number', 'party_id', 'kind', name=op.f('uq_sanction_decision_number_party_id_kind'))
    )
    op.create_index(op.f('ix_sanction_case_id'), 'sanction', ['case_id'], unique=False)
    op.create_index(op.f('ix_sanction_court_code'), 'sanction', ['court_code'], unique=False)
    op.create_index(op.f('ix_sanction_party_id'), 'sanction', ['party_id'], unique=False)
    op.create_table('share_code',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('code_hash', sa.LargeBinary(), nullable=False),
    sa.Column('hint', sa.Text(), nullable=False),
    sa.Column('party_id', sa.BigInteger(), nullable=False),
    sa.Column('purposes', sa.ARRAY(sa.Text()), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('valid_to', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_share_code_party_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_share_code')),
    sa.UniqueConstraint('code_hash', name=op.f('uq_share_code_code_hash'))
    )
    op.create_index(op.f('ix_share_code_party_id'), 'share_code', ['party_id'], unique=False)
    op.create_table('access_record',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('request_id', sa.Uuid(), nullable=False),
    sa.Column('client_key', sa.BigInteger(), nullable=False),
    sa.Column('audience', sa.Enum('BANK', 'EMPLOYER', 'COMMERCE', 'MORAL_BANK', 'VILLAGE', 'COURT', 'PUBLIC_PORTAL', 'LITIGANT_PORTAL', 'CREDIT_PLATFORM', 'AUDITOR', name='audience', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('operator', sa.Text(), nullable=True),
    sa.Column('branch', sa.Text(), nullable=True),
    sa.Column('reference', sa.Text(), nullable=True),
    sa.Column('relation', sa.Enum('MAIN_BORROWER', 'CO_BORROWER', 'GUARANTOR', 'LEGAL_REPRESENTATIVE', 'OTHER', name='borrowerrelation', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('purpose', sa.Enum('LOAN_APPROVAL', 'GUARANTEE_REVIEW', 'POST_LOAN_MONITORING', 'INCENTIVE_LOAN', 'EMPLOYMENT_CHECK', 'SENIOR_POST_QUALIFICATION', 'EMPLOYER_CHECK', 'SUPPLIER_DUE_DILIGENCE', 'BIDDING_REVIEW', 'MORAL_BANK', 'JUDICIAL', 'SELF', 'PUBLIC_LOOKUP', 'SUPERVISION', name='purpose', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('consent_id', sa.BigInteger(), nullable=True),
    sa.Column('share_code_id', sa.BigInteger(), nullable=True),
    sa.Column('party_id', sa.BigInteger(), nullable=True),
    sa.Column('subject_index', sa.LargeBinary(), nullable=True),
    sa.Column('operation', sa.LargeBinary(), nullable=False),
    sa.Column('field', sa.Text(), nullable=False),
    sa.Column('types', sa.ARRAY(sa.Text()), nullable=False),
    sa.Column('result', sa.Enum('GIVEN', 'EMPTY', 'MATCHED', 'NAME_MISMATCH', 'NOT_FOUND', 'CONSENT_REQUIRED', 'INVALID_NUMBER', name='accessresult', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.ForeignKeyConstraint(['client_key'], ['client.id'], name=op.f('fk_access_record_client_key')),
    sa.ForeignKeyConstraint(['consent_id'], ['consent.id'], name=op.f('fk_access_record_consent_id')),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_access_record_party_id')),
    sa.ForeignKeyConstraint(['share_code_id'], ['share_code.id'], name=op.f('fk_access_record_share_code_id')),
    sa.PrimaryKeyConstraint('id', 'at', name=op.f('pk_access_record')),
    postgresql_partition_by='RANGE (at)'
    )
    op.create_index('ix_access_record_party', 'access_record', ['party_id', 'at'], unique=False)
    op.create_index('ix_access_record_subject', 'access_record', ['subject_index', 'at'], unique=False)
    op.create_table('code_record',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('party_id', sa.BigInteger(), nullable=False),
    sa.Column('code_type_id', sa.Integer(), nullable=False),
    sa.Column('colour', sa.Enum('RED', 'YELLOW', 'BLUE', 'GOLD', 'GREEN', name='colour', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('court_code', sa.Text(), nullable=False),
    sa.Column('case_id', sa.BigInteger(), nullable=True),
    sa.Column('effective_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.Column('closed_on', sa.Date(), nullable=True),
    sa.Column('close_reason', sa.Enum('REVOKED', 'WITHDRAWN', 'SHIELDED', 'DELISTED', 'PERFORMED', 'BREACHED', 'CLEARED', name='closereason', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('protected', sa.Boolean(), nullable=False),
    sa.Column('repaired_id', sa.Integer(), nullable=True),
    sa.Column('repaired_colour', sa.Enum('RED', 'YELLOW', 'BLUE', 'GOLD', 'GREEN', name='repairedcolour', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('sanction_id', sa.BigInteger(), nullable=True),
    sa.Column('listing_id', sa.BigInteger(), nullable=True),
    sa.Column('certificate_id', sa.BigInteger(), nullable=True),
    sa.Column('deduction_id', sa.BigInteger(), nullable=True),
    sa.CheckConstraint("(colour = 'BLUE') = (repaired_id IS NOT NULL)", name=op.f('ck_code_record_blue_repairs_a_record')),
    sa.CheckConstraint("colour <> 'GREEN'", name=op.f('ck_code_record_green_needs_no_record')),
    sa.CheckConstraint("repaired_colour = 'YELLOW'", name=op.f('ck_code_record_only_yellow_is_repaired')),
    sa.CheckConstraint('(closed_on IS NULL) = (close_reason IS NULL)', name=op.f('ck_code_record_closed_for_a_reason')),
    sa.CheckConstraint('(repaired_id IS NULL) = (repaired_colour IS NULL)', name=op.f('ck_code_record_repaired_has_colour')),
    sa.CheckConstraint('closed_on >= effective_on', name=op.f('ck_code_record_closed_after_effect')),
    sa.CheckConstraint('ends_on > effective_on', name=op.f('ck_code_record_ends_after_effect')),
    sa.CheckConstraint('num_nonnulls(sanction_id, listing_id, certificate_id, deduction_id) <= 1', name=op.f('ck_code_record_one_source')),
    sa.ForeignKeyConstraint(['case_id'], ['court_case.id'], name=op.f('fk_code_record_case_id')),
    sa.ForeignKeyConstraint(['certificate_id'], ['certificate.id'], name=op.f('fk_code_record_certificate_id')),
    sa.ForeignKeyConstraint(['code_type_id', 'colour'], ['code_type.id', 'code_type.colour'], name=op.f('fk_code_record_code_type_id_colour')),
    sa.ForeignKeyConstraint(['court_code'], ['court.code'], name=op.f('fk_code_record_court_code')),
    sa.ForeignKeyConstraint(['deduction_id'], ['deduction.id'], name=op.f('fk_code_record_deduction_id')),
    sa.ForeignKeyConstraint(['listing_id'], ['listing.id'], name=op.f('fk_code_record_listing_id')),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_code_record_party_id')),
    sa.ForeignKeyConstraint(['repaired_id', 'repaired_colour'], ['code_record.id', 'code_record.colour'], name=op.f('fk_code_record_repaired_id_repaired_colour')),
    sa.ForeignKeyConstraint(['sanction_id'], ['sanction.id'], name=op.f('fk_code_record_sanction_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_code_record')),
    sa.UniqueConstraint('certificate_id', name=op.f('uq_code_record_certificate_id')),
    sa.UniqueConstraint('deduction_id', name=op.f('uq_code_record_deduction_id')),
    sa.UniqueConstraint('id', 'colour', name=op.f('uq_code_record_id_colour')),
    sa.UniqueConstraint('listing_id', name=op.f('uq_code_record_listing_id')),
    sa.UniqueConstraint('sanction_id', name=op.f('uq_code_record_sanction_id'))
    )
    op.create_index(op.f('ix_code_record_case_id'), 'code_record', ['case_id'], unique=False)
    op.create_index(op.f('ix_code_record_court_code'), 'code_record', ['court_code'], unique=False)
    op.create_index('ix_code_record_party', 'code_record', ['party_id', 'effective_on'], unique=False)
    op.create_index(op.f('ix_code_record_repaired_id'), 'code_record', ['repaired_id'], unique=False)
    op.create_table('deduction_step',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('deduction_id', sa.BigInteger(), nullable=False),
    sa.Column('sequence', sa.SmallInteger(), nullable=False),
    sa.Column('status', sa.Enum('PROPOSED', 'CHIEF_APPROVED', 'CHIEF_RETURNED', 'IN_BATCH', 'PANEL_APPROVED', 'PANEL_REJECTED', 'PUBLISHED', 'EXPIRED', 'WITHDRAWN', 'SHIELDED', name='deductionstatus', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.Column('staff_role', sa.Enum('JUDGE', 'CHIEF', 'CENTRE', 'PANEL', 'PRESIDENT', name='staffrole', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('taken_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['deduction_id'], ['deduction.id'], name=op.f('fk_deduction_step_deduction_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_deduction_step_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deduction_step')),
    sa.UniqueConstraint('deduction_id', 'sequence', name=op.f('uq_deduction_step_deduction_id_sequence'))
    )
    op.create_table('deduction_version',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('deduction_id', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.SmallInteger(), nullable=False),
    sa.Column('behaviour_id', sa.BigInteger(), nullable=False),
    sa.Column('points', sa.SmallInteger(), nullable=False),
    sa.Column('expires_on', sa.Date(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['behaviour_id'], ['behaviour.id'], name=op.f('fk_deduction_version_behaviour_id')),
    sa.ForeignKeyConstraint(['deduction_id'], ['deduction.id'], name=op.f('fk_deduction_version_deduction_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deduction_version')),
    sa.UniqueConstraint('deduction_id', 'version', name=op.f('uq_deduction_version_deduction_id_version'))
    )
    op.create_table('objection',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('deduction_id', sa.BigInteger(), nullable=False),
    sa.Column('statement', sa.Text(), nullable=False),
    sa.Column('filed_on', sa.Date(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('outcome', sa.Enum('UPHELD_AS_PUBLISHED', 'AMENDED', 'WITHDRAWN', name='objectionoutcome', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('reasons', sa.Text(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("due_on > filed_on AND due_on <= filed_on + interval '1 month'", name=op.f('ck_objection_due_in_a_month')),
    sa.CheckConstraint('(outcome IS NULL) = (decided_at IS NULL)', name=op.f('ck_objection_decided_with_outcome')),
    sa.CheckConstraint('(outcome IS NULL) = (reasons IS NULL)', name=op.f('ck_objection_decided_with_reasons')),
    sa.ForeignKeyConstraint(['deduction_id'], ['deduction.id'], name=op.f('fk_objection_deduction_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_objection'))
    )
    op.create_index('ix_objection_deduction', 'objection', ['deduction_id'], unique=False)
    op.create_index('uq_objection_open', 'objection', ['deduction_id'], unique=True, postgresql_where=sa.text('outcome IS NULL'))
    op.create_table('measure',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('code_record_id', sa.BigInteger(), nullable=False),
    sa.Column('status', sa.Enum('PUBLISHED', 'RECOGNISED', 'WITHDRAWN', name='measurestatus', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('published_on', sa.Date(), nullable=False),
    sa.Column('recognised_on', sa.Date(), nullable=True),
    sa.Column('withdrawn_on', sa.Date(), nullable=True),
    sa.CheckConstraint("(status = 'WITHDRAWN') = (withdrawn_on IS NOT NULL)", name=op.f('ck_measure_withdrawn_on_a_day')),
    sa.ForeignKeyConstraint(['code_record_id'], ['code_record.id'], name=op.f('fk_measure_code_record_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_measure')),
    sa.UniqueConstraint('code_record_id', name=op.f('uq_measure_code_record_id'))
    )
    op.create_table('point_conversion',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('party_id', sa.BigInteger(), nullable=False),
    sa.Column('household_id', sa.BigInteger(), nullable=False),
    sa.Column('item_id', sa.BigInteger(), nullable=False),
    sa.Column('points', sa.SmallInteger(), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('status', sa.Enum('COURT_ASSESSED', 'CONFIRMED', 'VILLAGE_NOTIFIED', 'RETURNED', name='conversionstatus', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('assessed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('return_reason', sa.Text(), nullable=True),
    sa.Column('deduction_id', sa.BigInteger(), nullable=True),
    sa.Column('code_record_id', sa.BigInteger(), nullable=True),
    sa.Column('reverses_id', sa.BigInteger(), nullable=True),
    sa.CheckConstraint("(status = 'RETURNED') = (return_reason IS NOT NULL)", name=op.f('ck_point_conversion_returned_with_reason')),
    sa.CheckConstraint('extract(day FROM month) = 1', name=op.f('ck_point_conversion_month_is_its_first_day')),
    sa.CheckConstraint('points BETWEEN -10 AND 10', name=op.f('ck_point_conversion_at_most_ten')),
    sa.ForeignKeyConstraint(['code_record_id'], ['code_record.id'], name=op.f('fk_point_conversion_code_record_id')),
    sa.ForeignKeyConstraint(['deduction_id'], ['deduction.id'], name=op.f('fk_point_conversion_deduction_id')),
    sa.ForeignKeyConstraint(['household_id'], ['household.id'], name=op.f('fk_point_conversion_household_id')),
    sa.ForeignKeyConstraint(['item_id'], ['moral_bank_item.id'], name=op.f('fk_point_conversion_item_id')),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_point_conversion_party_id')),
    sa.ForeignKeyConstraint(['reverses_id'], ['point_conversion.id'], name=op.f('fk_point_conversion_reverses_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_point_conversion')),
    sa.UniqueConstraint('reverses_id', name=op.f('uq_point_conversion_reverses_id'))
    )
    op.create_index(op.f('ix_point_conversion_code_record_id'), 'point_conversion', ['code_record_id'], unique=False)
    op.create_index(op.f('ix_point_conversion_deduction_id'), 'point_conversion', ['deduction_id'], unique=False)
    op.create_index(op.f('ix_point_conversion_household_id'), 'point_conversion', ['household_id'], unique=False)
    op.create_index(op.f('ix_point_conversion_party_id'), 'point_conversion', ['party_id'], unique=False)
    op.create_table('repair',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('party_id', sa.BigInteger(), nullable=False),
    sa.Column('deduction_id', sa.BigInteger(), nullable=True),
    sa.Column('code_record_id', sa.BigInteger(), nullable=True),
    sa.Column('ground', sa.Enum('FULL_PERFORMANCE', 'SETTLEMENT_KEPT', 'CO_OPERATION', 'REMORSE', 'RESTITUTION', name='repairground', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('commitment', sa.Text(), nullable=False),
    sa.Column('amount_performed', sa.Numeric(precision=15, scale=2), nullable=False),
    sa.Column('applied_on', sa.Date(), nullable=False),
    sa.Column('outcome', sa.Enum('SHORTENED', 'SHIELDED', 'REFUSED', name='repairoutcome', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('new_end', sa.Date(), nullable=True),
    sa.Column('reasons', sa.Text(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(outcome = 'SHORTENED') = (new_end IS NOT NULL)", name=op.f('ck_repair_shortened_to_a_date')),
    sa.CheckConstraint("outcome <> 'REFUSED' OR reasons IS NOT NULL", name=op.f('ck_repair_refused_with_reasons')),
    sa.CheckConstraint('(outcome IS NULL) = (decided_at IS NULL)', name=op.f('ck_repair_decided_with_outcome')),
    sa.CheckConstraint('amount_performed >= 0', name=op.f('ck_repair_amount_not_negative')),
    sa.CheckConstraint('num_nonnulls(deduction_id, code_record_id) = 1', name=op.f('ck_repair_of_one_item')),
    sa.ForeignKeyConstraint(['code_record_id'], ['code_record.id'], name=op.f('fk_repair_code_record_id')),
    sa.ForeignKeyConstraint(['deduction_id'], ['deduction.id'], name=op.f('fk_repair_deduction_id')),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_repair_party_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_repair'))
    )
    op.create_index(op.f('ix_repair_code_record_id'), 'repair', ['code_record_id'], unique=False)
    op.create_index(op.f('ix_repair_deduction_id'), 'repair', ['deduction_id'], unique=False)
    op.create_index(op.f('ix_repair_party_id'), 'repair', ['party_id'], unique=False)
    op.create_table('village_notice',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('conversion_id', sa.BigInteger(), nullable=False),
    sa.Column('village_id', sa.BigInteger(), nullable=False),
    sa.Column('category', sa.Enum('BONUS', 'DEDUCT', 'VETO', 'REPAIR', name='itemkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('points', sa.SmallInteger(), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('acknowledged_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['conversion_id'], ['point_conversion.id'], name=op.f('fk_village_notice_conversion_id')),
    sa.ForeignKeyConstraint(['village_id'], ['village.id'], name=op.f('fk_village_notice_village_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_village_notice')),
    sa.UniqueConstraint('conversion_id', name=op.f('uq_village_notice_conversion_id'))
    )
    op.create_index(op.f('ix_village_notice_village_id'), 'village_notice', ['village_id'], unique=False)
    op.execute(
        """
        CREATE FUNCTION ensure_access_record_partition(day date) RETURNS void LANGUAGE plpgsql AS $$
        DECLARE
            first_day date := date_trunc('month', day);
            partition_name text := 'access_record_' || to_char(day, 'YYYY_MM');
        BEGIN
            IF to_regclass(partition_name) IS NULL THEN
                PERFORM pg_advisory_xact_lock(hashtext(partition_name));
                EXECUTE format(
                    'CREATE TABLE IF NOT EXISTS %I PARTITION OF access_record FOR VALUES FROM (%L) TO (%L)',
                    partition_name,
                    first_day::timestamp AT TIME ZONE 'UTC',
                    (first_day + interval '1 month')::timestamp AT TIME ZONE 'UTC'
                );
            END IF;
        END $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only: rows are added, never changed or removed', TG_TABLE_NAME
                USING ERRCODE = 'integrity_constraint_violation';
        END $$
        """
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
