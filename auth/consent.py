"""SQL conditions for the validity of consents, share codes and watches (R15), for reads and events."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from auth.audiences import ORGANIZATION_PURPOSES, Audience
from auth.scopes import Scope
from models.audience import Purpose
from models.consent import Consent, ShareCode
from models.event import ANSWERS, WITHDRAWALS
from models.party import PartyKind
from models.watch import Watch

Condition = sa.ColumnElement[bool]
Value = Any
"""SQL for a value: a column, a bind parameter or a literal."""

RECIPIENTS = frozenset({Audience.BANK, Audience.EMPLOYER})
"""Audiences that a person may consent to (DOMAIN 3)."""

LONGEST_CONSENT = timedelta(days=5 * 366)
"""The longest consent: no publicity lasts longer (R6)."""

MONITORS = sa.literal(Purpose.POST_LOAN_MONITORING.value, sa.Text)
"""The purpose that a consent must name so that the person may be watched (DOMAIN 4)."""


def consentable(purposes: frozenset[Purpose]) -> frozenset[Purpose]:
    """Return the purposes that a person may consent to: those for organizations are excluded."""
    return purposes - ORGANIZATION_PURPOSES


def is_live_consent(
    consent: type[Consent], client: Value, purpose: Value, now: Value, scope: Scope | None
) -> Condition:
    """Return whether a consent is for this recipient, purpose and scope, valid now, and not suspended (R27)."""
    live = [
        consent.client_key == client,
        sa.any_(consent.purposes) == purpose,
        consent.valid_from <= now,
        consent.valid_to > now,
        sa.or_(consent.revoked_at.is_(None), consent.revoked_at > now),
        consent.suspended_at.is_(None),
    ]
    return sa.and_(*live, names(consent, scope))


def is_live_share(share: type[ShareCode], purpose: Value, now: Value, request: Value, scope: Scope | None) -> Condition:
    """Return whether a share code is for this purpose and scope, valid now, and not used by another request."""
    live = [
        sa.any_(share.purposes) == purpose,
        share.valid_to > now,
        sa.or_(share.revoked_at.is_(None), share.revoked_at > now),
        sa.or_(share.used_at.is_(None), share.used_request == request),
    ]
    return sa.and_(*live, names(share, scope))


def names(granted: Any, scope: Scope | None) -> Condition:
    """Return whether a consent or a share code names a scope; without one, true."""
    return sa.literal(scope.value, sa.Text) == sa.any_(granted.scopes) if scope else sa.true()


def may_still_be_told(event: Value, watch_id: Value, now: Value) -> Condition:
    """Return whether a notification of an event may be sent: withdrawals (R10), answers, consents and bulk operations
    always, others while their watch is live (R15)."""
    watch = aliased(Watch)
    alive = sa.select(watch.id).where(watch.id == watch_id, is_live_watch(watch, now))
    own = sa.or_(event.consent_id.is_not(None), event.bulk_operation_id.is_not(None))
    return sa.or_(event.kind.in_(sorted(WITHDRAWALS | ANSWERS)), own, alive.exists())


def is_live_watch(watch: type[Watch], now: Value) -> Condition:
    """Return whether a watch has not ended and is of an organization, or of a person with a live consent to it."""
    consent = aliased(Consent)
    consents = sa.select(consent.id).where(
        consent.subject_index == watch.subject_index,
        is_live_consent(consent, watch.client_key, MONITORS, now, Scope.PERSON_CREDIT),
    )
    return sa.and_(watch.ended_at.is_(None), sa.or_(watch.kind == PartyKind.ORGANIZATION, consents.exists()))
