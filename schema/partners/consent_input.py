"""Inputs of consents, share codes and watches."""

from datetime import date, datetime

import strawberry

import models
from auth.audiences import Purpose
from schema.inputs import id_input, key, mutation_input, optional, required
from schema.register.document_input import OTHER_DOCUMENT, DocumentKey
from schema.scalars import Sha256

SCOPES = "What it opens (范围): person.credit.read, person.integrity.read."
UNTIL = "Until when (失效时间)."
FROM = "From when; from now on by default (生效时间)."


@mutation_input
class RegisterConsentInput:
    """A letter by which a person lets you ask (授权书登记, R15)."""

    letter_number: str = required("Your own number of the letter (授权书编号).")
    id_number: str | None = optional("The person's resident ID number: kept as a keyed hash (R18).")
    document: DocumentKey | None = optional(OTHER_DOCUMENT)
    signed_on: date = required("Day of signature (签署日期).")
    purposes: list[Purpose] = required("The purposes that it names (用途).")
    scopes: list[str] = required(SCOPES)
    valid_from: datetime | None = optional(FROM)
    valid_to: datetime = required(UNTIL)
    evidence_hash: Sha256 = required("SHA-256 of the scanned letter (影像摘要).")


@mutation_input
class GrantConsentInput:
    """A consent of one's own to a recipient (本人授权, R15)."""

    recipient_id: strawberry.ID = key(models.Client, "One of `recipients` (被授权方).")
    purposes: list[Purpose] = required("For what (用途).")
    scopes: list[str] = required(SCOPES)
    valid_from: datetime | None = optional(FROM)
    valid_to: datetime = required(UNTIL)


RevokeConsentInput = id_input(
    "RevokeConsentInput", models.Consent, "A consent to end (撤回授权): its subject may end it, and its recipient."
)


@mutation_input
class CreateShareCodeInput:
    """A code by which one shows one's own record (生成分享码)."""

    # Exactly one of id_number, organization_code and document must be given.
    name: str = required("One's own full name, shown with the record (姓名或名称).")
    id_number: str | None = optional("One's own resident ID number (身份证号码).")
    organization_code: str | None = optional("One's own unified social credit code (统一社会信用代码).")
    document: DocumentKey | None = optional(OTHER_DOCUMENT)
    purposes: list[Purpose] = required("For what it may be used (用途).")
    scopes: list[str] = required(SCOPES)
    valid_to: datetime = required(UNTIL)
    single_use: bool = strawberry.field(default=True, description="Whether it opens one answer only (一次有效).")


RevokeShareCodeInput = id_input("RevokeShareCodeInput", models.ShareCode, "A share code to end (作废分享码).")


@mutation_input
class WatchKey:
    """A subject to watch, by name and number together (监测对象)."""

    # Exactly one of id_number, organization_code and document must be given.
    name: str = required("Full name (姓名或名称).")
    id_number: str | None = optional("Resident ID number (居民身份证号码).")
    organization_code: str | None = optional("Unified social credit code (统一社会信用代码).")
    document: DocumentKey | None = optional(OTHER_DOCUMENT)
    reference: str = required("Your own reference, which every event carries (机构业务编号).")


@mutation_input
class WatchInput:
    """Subjects to watch from now on (贷后监测). Persons must consent to POST_LOAN_MONITORING."""

    subjects: list[WatchKey] = required("Whom (监测对象), 1 to 500.")


@mutation_input
class UnwatchInput:
    """Watches to end (停止监测)."""

    references: list[str] = required("Your own references of them (机构业务编号), 1 to 500.")
