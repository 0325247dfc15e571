"""Publicity as a stored fact: from when to when an item may be seen outside the court (R6, R10, R13, R16)."""

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"

ITEMS = ("deduction", "sanction", "listing", "certificate")
PUBLIC = (*ITEMS, "code_record")
NUMBERS = {"sanction": "related_number", "listing": "case_number", "certificate": "case_number"}
"""Items that may come before their case, and the column that names it."""
MATTERS = {
    "participation": ("party_id", "case_id"),
    "deduction": ("party_id", "conduct_on"),
    "sanction": ("party_id", "case_id", "conduct_on"),
    "listing": ("party_id", "case_id"),
    "certificate": ("party_id", "case_id", "performed_on"),
}
"""What discloses a party, and the columns by which it does."""


def sql(text: str, table: str = "", column: str = "") -> str:
    """A statement, with the table that it calls ITEM and the column that it calls NUMBER."""
    words = {
        "ITEM": table,
        "NUMBER": column or NUMBERS.get(table, ""),
        "VANISHING": "('REVOKED', 'WITHDRAWN', 'SHIELDED')",
    }
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return text


def each(tables: Iterable[str], text: str) -> str:
    """The statement once for each of these tables."""
    return "".join(sql(text, table) for table in tables)


def trigger(name: str, body: str) -> str:
    """A function for triggers."""
    return sql(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")


RULES = (
    """
    CREATE FUNCTION days(first_day date, last_day date) RETURNS daterange
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN last_day < first_day THEN 'empty'::daterange ELSE daterange(first_day, last_day, '[]') END
    """,
    """
    CREATE FUNCTION court_day(moment timestamptz) RETURNS date
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (moment AT TIME ZONE 'Asia/Shanghai')::date
    """,
    """
    CREATE FUNCTION may_leave_court(party_key bigint, case_key bigint, conduct date, decision date) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
    DECLARE
        held boolean;
        of_age_from date;
        disclosed boolean;
        filed date;
    BEGIN
        SELECT p.held, p.of_age_from INTO held, of_age_from FROM party p WHERE p.id = party_key;
        IF NOT found OR held THEN
            RETURN false;
        END IF;
        IF case_key IS NOT NULL THEN
            SELECT c.disclosed, c.filed_on INTO disclosed, filed FROM court_case c WHERE c.id = case_key;
        END IF;
        RETURN coalesce(coalesce(conduct, filed, decision) >= of_age_from, false)
            AND coalesce(disclosed, true);
    END $$
    """,
    """
    CREATE FUNCTION deduction_publicity(item deduction) RETURNS daterange
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
    BEGIN
        IF item.status <> 'PUBLISHED' OR item.published_at IS NULL
            OR EXISTS (SELECT FROM code_record r WHERE r.deduction_id = item.id AND r.close_reason IN VANISHING)
            OR NOT may_leave_court(item.party_id, item.case_id, item.conduct_on, NULL)
        THEN
            RETURN 'empty';
        END IF;
        RETURN days(court_day(item.published_at), item.expires_on);
    END $$
    """,
    """
    CREATE FUNCTION sanction_publicity(item sanction) RETURNS daterange
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
    BEGIN
        IF EXISTS (SELECT FROM code_record r WHERE r.sanction_id = item.id AND r.close_reason IN VANISHING)
            OR NOT may_leave_court(item.party_id, item.case_id, item.conduct_on, item.decided_on)
        THEN
            RETURN 'empty';
        END IF;
        RETURN days(
            item.effective_on, least((item.effective_on + interval '5 years')::date, item.revoked_on - 1)
        );
    END $$
    """,
    """
    CREATE FUNCTION listing_publicity(item listing) RETURNS daterange
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
    BEGIN
        IF EXISTS (SELECT FROM code_record r WHERE r.listing_id = item.id AND r.close_reason IN VANISHING)
            OR NOT may_leave_court(item.party_id, item.case_id, NULL, item.listed_on)
        THEN
            RETURN 'empty';
        END IF;
        RETURN days(item.published_on, least(item.ends_on, item.removed_on - 1));
    END $$
    """,
    """
    CREATE FUNCTION certificate_publicity(item certificate) RETURNS daterange
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
    BEGIN
        IF EXISTS (SELECT FROM code_record r WHERE r.certificate_id = item.id AND r.close_reason IN VANISHING)
            OR NOT may_leave_court(item.party_id, item.case_id, item.performed_on, NULL)
        THEN
            RETURN 'empty';
        END IF;
        RETURN days(item.issued_on, item.revoked_on - 1);
    END $$
    """,
    """
    CREATE FUNCTION record_may_leave_court(
        party_key bigint, case_key bigint, effect date, sanction_key bigint, listing_key bigint,
        certificate_key bigint, deduction_key bigint, repaired_key bigint
    ) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
    DECLARE
        conduct date;
        decision date := effect;
    BEGIN
        CASE
            WHEN sanction_key IS NOT NULL THEN
                SELECT s.conduct_on, s.decided_on INTO conduct, decision FROM sanction s WHERE s.id = sanction_key;
            WHEN listing_key IS NOT NULL THEN
                SELECT l.listed_on INTO decision FROM listing l WHERE l.id = listing_key;
            WHEN certificate_key IS NOT NULL THEN
                SELECT c.performed_on INTO conduct FROM certificate c WHERE c.id = certificate_key;
            WHEN deduction_key IS NOT NULL THEN
                SELECT d.conduct_on INTO conduct FROM deduction d WHERE d.id = deduction_key;
            WHEN repaired_key IS NOT NULL THEN
                RETURN (
                    SELECT record_may_leave_court(
                        r.party_id, r.case_id, r.effective_on, r.sanction_id, r.listing_id, r.certificate_id,
                        r.deduction_id, NULL
                    ) FROM code_record r WHERE r.id = repaired_key
                );
            ELSE
                NULL;
        END CASE;
        RETURN may_leave_court(party_key, case_key, conduct, decision);
    END $$
    """,
    """
    CREATE FUNCTION code_record_publicity(item code_record) RETURNS daterange
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
    DECLARE
        own daterange := days(item.effective_on, least(item.ends_on, item.closed_on - 1));
        basis daterange;
    BEGIN
        IF item.close_reason IN VANISHING
            OR NOT EXISTS (SELECT FROM code_type t WHERE t.id = item.code_type_id AND t.partner_visible)
            OR NOT record_may_leave_court(
                item.party_id, item.case_id, item.effective_on, item.sanction_id, item.listing_id, item.certificate_id,
                item.deduction_id, item.repaired_id
            )
        THEN
            RETURN 'empty';
        END IF;
        CASE
            WHEN item.sanction_id IS NOT NULL THEN
                basis := (
                    SELECT days(item.effective_on, s.revoked_on - 1) FROM sanction s WHERE s.id = item.sanction_id
                );
            WHEN item.listing_id IS NOT NULL THEN
                basis := (SELECT l.publicity FROM listing l WHERE l.id = item.listing_id);
            WHEN item.certificate_id IS NOT NULL THEN
                basis := (SELECT c.publicity FROM certificate c WHERE c.id = item.certificate_id);
            WHEN item.deduction_id IS NOT NULL THEN
                basis := (SELECT d.publicity FROM deduction d WHERE d.id = item.deduction_id);
            WHEN item.repaired_id IS NOT NULL THEN
                basis := (SELECT r.publicity FROM code_record r WHERE r.id = item.repaired_id);
            ELSE
                basis := own;
        END CASE;
        RETURN own * basis;
    END $$
    """,
    """
    CREATE FUNCTION party_disclosed(one party) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT NOT one.held AND (
            EXISTS (
                SELECT FROM participation n JOIN court_case c ON c.id = n.case_id
                WHERE n.party_id = one.id AND c.disclosed AND c.filed_on >= one.of_age_from
            )
            OR EXISTS (
                SELECT FROM deduction d WHERE d.party_id = one.id
                AND may_leave_court(one.id, d.case_id, d.conduct_on, NULL)
            )
            OR EXISTS (
                SELECT FROM sanction s WHERE s.party_id = one.id
                AND may_leave_court(one.id, s.case_id, s.conduct_on, s.decided_on)
            )
            OR EXISTS (
                SELECT FROM listing l WHERE l.party_id = one.id
                AND may_leave_court(one.id, l.case_id, NULL, l.listed_on)
            )
            OR EXISTS (
                SELECT FROM certificate f WHERE f.party_id = one.id
                AND may_leave_court(one.id, f.case_id, f.performed_on, NULL)
            )
        )
    $$
    """,
)
"""The day of conduct is the item's own, else the filing day of its case, else that of the decision (R16)."""

LOCK = """
    PERFORM FROM party p WHERE p.id = NEW.party_id FOR KEY SHARE;
    PERFORM FROM court_case c WHERE c.id = NEW.case_id FOR KEY SHARE;
"""
"""Who seals a case or holds a party waits until the item is there, and then finds it; or the item waits."""

FIND_CASE = """
    IF NEW.case_id IS NULL AND NEW.NUMBER <> '' THEN
        NEW.case_id := (SELECT c.id FROM court_case c WHERE c.number = NEW.NUMBER);
    END IF;
"""

SETTING = (
    *(
        trigger(
            f"set_{table}_publicity",
            sql(
                "BEGIN" + FIND_CASE + LOCK + "NEW.publicity := ITEM_publicity(NEW); RETURN NEW; END",
                table,
            ),
        )
        for table in NUMBERS
    ),
    *(
        trigger(
            f"set_{table}_publicity",
            sql(f"BEGIN {LOCK} NEW.publicity := ITEM_publicity(NEW); RETURN NEW; END", table),
        )
        for table in ("deduction", "code_record")
    ),
    trigger(
        "lock_court_case",
        """
        BEGIN
            PERFORM FROM court_case c WHERE c.id = OLD.id FOR UPDATE;
            RETURN NEW;
        END
        """,
    ),
    trigger(
        "set_party_of_age",
        """
        BEGIN
            IF NEW.kind = 'ORGANIZATION' THEN
                NEW.of_age_from := '-infinity';
            END IF;
            IF NEW.held THEN
                NEW.disclosed := false;
            END IF;
            IF TG_OP = 'UPDATE' AND (NEW.held AND NOT OLD.held OR NEW.of_age_from > OLD.of_age_from) THEN
                PERFORM FROM party p WHERE p.id = OLD.id FOR UPDATE;
            END IF;
            RETURN NEW;
        END
        """,
    ),
)

RECOMPUTE = """
    UPDATE ITEM i SET publicity = ITEM_publicity(i) WHERE %s AND i.publicity <> ITEM_publicity(i);
"""
DISCLOSE = """
    UPDATE party p SET disclosed = NOT p.disclosed WHERE p.id = ANY (%s) AND p.disclosed <> party_disclosed(p);
"""
CHANGED = """
    DECLARE
        keys bigint[] := ARRAY(
            SELECT d.id FROM (SELECT id, %s FROM changed EXCEPT SELECT id, %s FROM former) d
        );
        parties bigint[];
    BEGIN
        IF cardinality(keys) > 0 THEN
            %s
        END IF;
        RETURN NULL;
    END
"""
"""By EXCEPT: a join would be planned once, for as few rows as there are at first."""


def changed(columns: Iterable[str], then: str) -> str:
    """The body of a trigger that acts on the keys of the rows of which one of these columns changed."""
    names = ", ".join(columns)
    return CHANGED % (names, names, then)


def doing(statements: str) -> str:
    """The body of a trigger that does this for some rows; it fires for none as well."""
    return f"BEGIN IF EXISTS (TABLE changed) THEN {statements} END IF; RETURN NULL; END"


def of_cases() -> str:
    """The parties of what belongs to a case."""
    parties = each(MATTERS, "UNION ALL SELECT i.party_id FROM ITEM i WHERE i.case_id = ANY (keys) ")
    return f"ARRAY({parties.removeprefix('UNION ALL ')})"


PARTIES = """
    parties := ARRAY(
        SELECT n.party_id FROM changed n WHERE n.id = ANY (keys)
        UNION SELECT o.party_id FROM former o WHERE o.id = ANY (keys)
    );
"""
OPENED_AND_CLOSED = """
    UPDATE party p SET disclosed = true WHERE p.id = ANY (keys) AND NOT p.disclosed AND party_disclosed(p);
    EXECUTE 'SELECT array_agg(n.id) FROM changed n JOIN former o ON o.id = n.id'
        ' WHERE n.of_age_from > o.of_age_from OR n.held' INTO parties;
    UPDATE party p SET disclosed = false WHERE p.id = ANY (parties) AND p.disclosed AND NOT party_disclosed(p);
"""

FOLLOWING = (
    *(
        trigger(
            f"follow_{table}",
            doing(
                sql(
                    """
                    UPDATE code_record r
                    SET case_id = coalesce(n.case_id, r.case_id), publicity = code_record_publicity(r)
                    FROM changed n WHERE r.ITEM_id = n.id AND (
                        r.case_id IS DISTINCT FROM coalesce(n.case_id, r.case_id)
                        OR r.publicity <> code_record_publicity(r)
                    );
                    """,
                    table,
                )
            ),
        )
        for table in ITEMS
    ),
    trigger(
        "follow_code_record",
        doing(
            each(ITEMS, RECOMPUTE % "i.id IN (SELECT n.ITEM_id FROM changed n WHERE n.ITEM_id IS NOT NULL)")
            + sql(RECOMPUTE % "i.repaired_id IN (SELECT n.id FROM changed n WHERE n.colour = 'YELLOW')", "code_record")
        ),
    ),
    trigger(
        "follow_new_code_record",
        doing(each(ITEMS, RECOMPUTE % "i.id IN (SELECT n.ITEM_id FROM changed n WHERE n.close_reason IN VANISHING)")),
    ),
    trigger(
        "tie_items_to_case",
        doing(
            each(
                NUMBERS,
                """
                UPDATE ITEM i SET case_id = n.id FROM changed n
                WHERE i.case_id IS NULL AND i.NUMBER <> '' AND i.NUMBER = n.number;
                """,
            )
        ),
    ),
    trigger(
        "follow_court_case",
        changed(("disclosed", "filed_on"), each(PUBLIC, RECOMPUTE % "i.case_id = ANY (keys)") + DISCLOSE % of_cases()),
    ),
    trigger(
        "follow_party",
        changed(
            ("of_age_from", "held"),
            each(PUBLIC, RECOMPUTE % "i.party_id = ANY (keys)") + OPENED_AND_CLOSED,
        ),
    ),
    trigger(
        "follow_code_type",
        changed(("partner_visible",), sql(RECOMPUTE % "i.code_type_id = ANY (keys)", "code_record")),
    ),
    trigger(
        "disclose_parties",
        """
        DECLARE
            parties bigint[] := ARRAY(SELECT DISTINCT n.party_id FROM changed n);
        BEGIN
            UPDATE party p SET disclosed = true
            WHERE p.id = ANY (parties) AND NOT p.disclosed AND party_disclosed(p);
            RETURN NULL;
        END
        """,
    ),
    *(
        trigger(
            f"disclose_parties_of_{table}",
            changed(
                columns,
                PARTIES + DISCLOSE % "parties",
            ),
        )
        for table, columns in MATTERS.items()
    ),
)

NEW_ROWS, BOTH = "REFERENCING NEW TABLE AS changed", "REFERENCING OLD TABLE AS former NEW TABLE AS changed"
STATEMENTS = (
    *((table, "UPDATE", NEW_ROWS, f"follow_{table}") for table in PUBLIC),
    ("code_record", "INSERT", NEW_ROWS, "follow_new_code_record"),
    ("court_case", "INSERT", NEW_ROWS, "tie_items_to_case"),
    ("court_case", "UPDATE", BOTH, "follow_court_case"),
    ("party", "UPDATE", BOTH, "follow_party"),
    ("code_type", "UPDATE", BOTH, "follow_code_type"),
    *((table, "INSERT", NEW_ROWS, "disclose_parties") for table in MATTERS),
    *((table, "UPDATE", BOTH, f"disclose_parties_of_{table}") for table in MATTERS),
)
"""Table, event, transition tables, function: what follows from many rows is done once a statement."""


TIE = """
    UPDATE ITEM i SET case_id = c.id FROM court_case c
    WHERE i.case_id IS NULL AND i.NUMBER = c.number AND i.NUMBER <> ''
"""
FOLLOW = """
    UPDATE code_record r SET case_id = i.case_id FROM ITEM i
    WHERE r.ITEM_id = i.id AND r.case_id IS NULL AND i.case_id IS NOT NULL
"""


def upgrade() -> None:
    _add_columns()
    for statement in (*map(sql, RULES), *SETTING, *FOLLOWING):
        op.execute(statement)
    _fill()
    _add_triggers()
    for table in (*PUBLIC, "participation"):
        op.drop_column(table, "protected")
    op.create_check_constraint(
        op.f("ck_party_organizations_are_of_age"), "party", "kind <> 'ORGANIZATION' OR of_age_from = '-infinity'"
    )
    op.create_check_constraint(op.f("ck_party_held_is_not_disclosed"), "party", "NOT (held AND disclosed)")
    op.execute("ALTER TABLE code_record DROP CONSTRAINT ck_code_record_ends_after_effect")
    op.create_check_constraint(op.f("ck_code_record_ends_after_effect"), "code_record", "ends_on >= effective_on")


def _add_columns() -> None:
    op.add_column("party", sa.Column("of_age_from", sa.Date(), nullable=False, server_default="infinity"))
    op.add_column("party", sa.Column("held", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("sanction", sa.Column("conduct_on", sa.Date()))
    disclosed = sa.Computed("confidentiality NOT IN ('PRIVACY', 'STATE_SECRET')", persisted=True)
    op.add_column("court_case", sa.Column("disclosed", sa.Boolean(), disclosed, nullable=False))
    for table in PUBLIC:
        column = sa.Column("publicity", postgresql.DATERANGE(), nullable=False, server_default="empty")
        op.add_column(table, column)
    for table, number in NUMBERS.items():
        untied = sa.text(f"case_id IS NULL AND {number} <> ''")
        op.create_index(f"ix_{table}_untied", table, [number], postgresql_where=untied)


def _add_triggers() -> None:
    for table in PUBLIC:
        op.execute(
            f"CREATE TRIGGER set_publicity BEFORE INSERT OR UPDATE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION set_{table}_publicity()"
        )
    op.execute(
        "CREATE TRIGGER set_of_age BEFORE INSERT OR UPDATE ON party FOR EACH ROW EXECUTE FUNCTION set_party_of_age()"
    )
    op.execute(
        "CREATE TRIGGER lock_court_case BEFORE UPDATE OF confidentiality, filed_on ON court_case FOR EACH ROW"
        " WHEN (NEW.confidentiality <> OLD.confidentiality OR NEW.filed_on <> OLD.filed_on)"
        " EXECUTE FUNCTION lock_court_case()"
    )
    for table, event, rows, function in STATEMENTS:
        op.execute(
            f"CREATE TRIGGER {function}_{event.lower()} AFTER {event} ON {table} {rows}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )


def _fill() -> None:
    """A person was of age on the days of its conduct that were not marked as a minor's; then publicity by its rule."""
    op.execute(
        """
        UPDATE party p SET of_age_from = CASE WHEN kind = 'ORGANIZATION' THEN '-infinity' ELSE coalesce(
            least(
                (SELECT min(c.filed_on) FROM participation n JOIN court_case c ON c.id = n.case_id
                 WHERE n.party_id = p.id AND NOT n.protected),
                (SELECT min(s.decided_on) FROM sanction s WHERE s.party_id = p.id AND NOT s.protected),
                (SELECT min(l.listed_on) FROM listing l WHERE l.party_id = p.id AND NOT l.protected),
                (SELECT min(greatest(f.performed_on, c.filed_on)) FROM certificate f
                 LEFT JOIN court_case c ON c.id = f.case_id WHERE f.party_id = p.id AND NOT f.protected)
            ), 'infinity') END
        """
    )
    for table in NUMBERS:
        op.execute(sql(TIE, table))
        op.execute(sql(FOLLOW, table))
    for table in ITEMS:
        op.execute(sql("UPDATE ITEM i SET publicity = ITEM_publicity(i)", table))
    op.execute("UPDATE code_record r SET publicity = code_record_publicity(r) WHERE repaired_id IS NULL")
    op.execute("UPDATE code_record r SET publicity = code_record_publicity(r) WHERE repaired_id IS NOT NULL")
    op.execute("UPDATE party p SET disclosed = party_disclosed(p) WHERE disclosed <> party_disclosed(p)")
