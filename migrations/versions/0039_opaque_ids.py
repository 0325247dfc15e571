"""Ids and cursors are sealed, and documents in the access log are known by a keyed hash.

The function seals texts, such as the places of cursors. Hashes of documents that were written without a key are replaced by
hashes with a secret that is not kept: equal ones stay equal, and no guess of a literal can be tested.
"""

from alembic import op

revision = "0039"
down_revision = "0038"

SEAL = r"""
CREATE OR REPLACE FUNCTION seal_opaque(said text, key_inner bytea, key_outer bytea) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    octets bytea := convert_to(said, 'UTF8');
    mark bytea;
    stream bytea := '';
BEGIN
    octets := octets || decode(repeat('00', mod(64 - mod(octet_length(octets), 64), 64)), 'hex');
    mark := substring(sha256(key_outer || sha256(key_inner || '\x00'::bytea || octets)), 1, 16);
    FOR number IN 1 .. octet_length(octets) / 32 LOOP
        stream := stream || sha256(key_outer || sha256(key_inner || '\x01'::bytea || mark || int4send(number)));
    END LOOP;
    octets := substring(varbit_send(
        ('x' || encode(octets, 'hex'))::varbit # ('x' || encode(stream, 'hex'))::varbit
    ), 5);
    RETURN translate(encode(mark || octets, 'base64'), E'\n', '');
END $$
"""


FORGET = """
WITH secret AS MATERIALIZED (SELECT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) AS octets)
UPDATE access_shape SET operation = sha256(secret.octets || operation) FROM secret
"""


def upgrade() -> None:
    op.execute(SEAL)
    op.execute("ALTER TABLE access_shape DISABLE TRIGGER append_only")
    op.execute(FORGET)
    op.execute("ALTER TABLE access_shape ENABLE TRIGGER append_only")
