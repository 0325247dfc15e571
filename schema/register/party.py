"""Parties: persons and organizations."""

from datetime import date

import models
from auth.scopes import Scope
from engine.declare.connections import Connection
from engine.declare.fields import PerType, argument, connection, expression, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_interface, row_variant
from engine.policy import all_of, any_of
from models.code_record import Reading
from models.party import PartyKind
from resolvers.credit import public_records
from resolvers.credit.credit_codes import CREDIT_CODE
from resolvers.register import parties, relations
from resolvers.visibility import masking
from resolvers.visibility.about import ABOUT_ITSELF
from resolvers.visibility.predicates import may_see_party
from resolvers.visibility.reach import known_by_scope
from schema.credit.certificate import Certificate
from schema.credit.code_record import CodeRecord
from schema.credit.credit_code import CreditCode
from schema.credit.listing import Listing
from schema.credit.public_record import PublicRecord
from schema.credit.sanction import Sanction
from schema.procedure.consequence_notice import ConsequenceNotice
from schema.procedure.deduction import Deduction
from schema.procedure.repair import Repair
from schema.register.case import Participation
from schema.register.household import MORAL_BANK, Household, Village
from schema.register.party_name import PartyName
from schema.register.party_relation import RELATED, PartyRelation
from schema.requirements import COURT_OR_SUBJECT, KNOWN_PARTY, PROCEDURE

CREDIT = PerType(Person=all_of(Scope.PERSON_CREDIT), Organization=all_of(Scope.ORGANIZATION))
INTEGRITY = PerType(Person=all_of(Scope.PERSON_INTEGRITY), Organization=all_of(Scope.ORGANIZATION))

AS_OF = argument(
    "as_of",
    date | None,
    "The day to answer for, past or future (查询基准日). Today by default.",
    None,
    requires=COURT_OR_SUBJECT,
)
READING = argument(
    "reading",
    Reading | None,
    "By today's knowledge (VALID), or what was answered on that day (KNOWN) (查询口径).",
    Reading.VALID,
    requires=COURT_OR_SUBJECT,
)


@row_interface(
    models.Party,
    seen_by=may_see_party,
    about=ABOUT_ITSELF,
    hoists=known_by_scope,
    discriminator="kind",
    requires=KNOWN_PARTY,
)
class Party(Node):
    """A person or organization that took part in litigation (当事人)."""

    name: str = expression(masking.party_name, "Name (姓名或名称); persons are masked where they need not be known.")
    names: list[PartyName] = relation(parties.NAMES, "Names that it has or had (姓名或名称沿革).", requires=KNOWN_PARTY)
    masked_number: str | None = expression(
        masking.party_number,
        "ID number or organization code, masked (证件号码, 脱敏). Never in clear.",
        requires=any_of(Scope.SUBJECT, Scope.REGISTER, Scope.SELF, Scope.MEASURE),
    )
    credit_code: CreditCode | None = relation(
        CREDIT_CODE, "Its colour, with reasons (信用码).", AS_OF, READING, requires=CREDIT
    )
    deductions: Connection[Deduction] = connection(parties.DEDUCTIONS, "Deductions (扣分).", requires=CREDIT)
    sanctions: Connection[Sanction] = connection(parties.SANCTIONS, "Sanctions (司法制裁).", requires=CREDIT)
    listings: Connection[Listing] = connection(
        parties.LISTINGS, "Entries on public lists (名单信息).", requires=INTEGRITY
    )
    certificates: list[Certificate] = relation(
        parties.CERTIFICATES, "Performance certificates (履行证明).", requires=INTEGRITY
    )
    code_records: list[CodeRecord] = relation(
        parties.CODE_RECORDS, "All records that colour or coloured its code (信用码记录).", requires=INTEGRITY
    )
    participations: Connection[Participation] = connection(
        parties.PARTICIPATIONS, "The cases it took part in (参与案件).", requires=COURT_OR_SUBJECT
    )
    consequence_notices: list[ConsequenceNotice] = relation(
        parties.CONSEQUENCE_NOTICES, "Legal-consequence notices served on it (法律后果告知书).", requires=PROCEDURE
    )
    relations: list[PartyRelation] = relation(
        relations.OF_PARTY,
        "Who represents it or is affiliated to it, and what it represents (关联关系).",
        requires=COURT_OR_SUBJECT,
    )
    repairs: list[Repair] = relation(parties.REPAIRS, "Applications for repair (修复申请).", requires=PROCEDURE)


@row_variant(PartyKind.PERSON, requires=KNOWN_PARTY)
class Person(Party):
    """A natural person (自然人)."""

    # R15: answered for only under consent or a share code.
    village: Village | None = relation(
        models.Party.village, "Village by the court's files (村社区).", requires=MORAL_BANK
    )
    household: Household | None = relation(models.Party.household, "Household (家庭).", requires=MORAL_BANK)


@row_variant(PartyKind.ORGANIZATION, requires=KNOWN_PARTY)
class Organization(Party):
    """An organization (法人或非法人组织)."""

    # R15: no consent is needed.
    representatives: list[PartyRelation] = relation(
        relations.OF_ORGANIZATION,
        "Its legal representative and its affiliates (法定代表人、关联企业), where the law lets you see them.",
        requires=RELATED,
    )
    credit_file: Connection[PublicRecord] = connection(
        public_records.OF_PARTY,
        "Its credit file (诉讼信用档案), newest first: published deductions, list entries and red records with their "
        "ends. For its court and itself with those that have ended, for others without them.",
        requires=any_of(Scope.ORGANIZATION, Scope.PUBLICATION),
    )
