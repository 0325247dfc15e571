"""When a consent, a share code, or a watch is alive: SQL over its row (R15). Said once, for reads and for events."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from auth.audiences import ORGANIZATION_PURPOSES, Audience
from auth.scopes import Scope
from models.audience import Purpose
from models.consent import Consent, ShareCode
from models.event import WITHDRAWALS
from models.party import PartyKind
from models.watch import Watch

Condition = sa.ColumnElement[bool]
Value = Any
"""SQL for a value: a column, a bind parameter, a literal."""

RECIPIENTS = frozenset({Audience.BANK, Audience.EMPLOYER})
"""Audiences to whom a person may consent (DOMAIN 3)."""

LONGEST_CONSENT = timedelta(days=5 * 366)
"""No consent outlives the longest publicity there is (R6)."""

MONITORS = sa.literal(Purpose.POST_LOAN_MONITORING.value, sa.Text)
"""The purpose that a consent must name so that its subject may be watched (DOMAIN 4)."""


def consentable(purposes: frozenset[Purpose]) -> frozenset[Purpose]:
    """Those purposes that reach natural persons: no letter and no code opens a person to another one."""
    return purposes - ORGANIZATION_PURPOSES


def live_consent(consent: type[Consent], client: Value, purpose: Value, now: Value, scope: Scope | None) -> Condition:
    """Names this recipient, this purpose, this scope, and covers this moment."""
    live = [
        consent.client_key == client,
        sa.any_(consent.purposes) == purpose,
        consent.valid_from <= now,
        consent.valid_to > now,
        sa.or_(consent.revoked_at.is_(None), consent.revoked_at > now),
    ]
    return sa.and_(*live, *_names(consent, scope))


def live_share(share: type[ShareCode], purpose: Value, now: Value, request: Value, scope: Scope | None) -> Condition:
    """Is good for this purpose and scope, covers this moment, and was not used up by another request."""
    live = [
        sa.any_(share.purposes) == purpose,
        share.valid_to > now,
        sa.or_(share.revoked_at.is_(None), share.revoked_at > now),
        sa.or_(share.used_at.is_(None), share.used_request == request),
    ]
    return sa.and_(*live, *_names(share, scope))


def _names(granted: Any, scope: Scope | None) -> list[Condition]:
    return [sa.literal(scope.value, sa.Text) == sa.any_(granted.scopes)] if scope else []


def may_still_be_told(event: Value, watch_id: Value, now: Value) -> Condition:
    """Whether a notification of an event stands: of what has vanished (R10), of a consent and of a bulk operation
    always, and otherwise as long as the watch that it came by is alive (R15)."""
    watch = aliased(Watch)
    alive = sa.select(watch.id).where(watch.id == watch_id, live_watch(watch, now))
    own = sa.or_(event.consent_id.is_not(None), event.bulk_operation_id.is_not(None))
    return sa.or_(event.kind.in_(sorted(WITHDRAWALS)), own, alive.exists())


def live_watch(watch: type[Watch], now: Value) -> Condition:
    """Is not ended, and is of an organization, or of a person who consents to be watched."""
    consent = aliased(Consent)
    consents = sa.select(consent.id).where(
        consent.subject_index == watch.subject_index,
        live_consent(consent, watch.client_key, MONITORS, now, Scope.PERSON_CREDIT),
    )
    return sa.and_(watch.ended_at.is_(None), sa.or_(watch.kind == PartyKind.ORGANIZATION, consents.exists()))
