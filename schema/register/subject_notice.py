"""Notices to subjects."""

from datetime import datetime

import models
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.subject_notice import NoticeKind
from resolvers.visibility.about import ABOUT_SUBJECT_NOTICE
from resolvers.visibility.predicates import may_see_subject_notice
from schema.partners.client import Client
from schema.partners.consent import Consent, ShareCode
from schema.requirements import SELF


@row_type(models.SubjectNotice, seen_by=may_see_subject_notice, about=ABOUT_SUBJECT_NOTICE, requires=SELF)
class SubjectNotice(Node):
    """That something was done in the name of the authenticated subject (告知)."""

    kind: NoticeKind = column("What was done (告知事项).")
    at: datetime = column("When (时间).")
    client: Client = relation(models.SubjectNotice.client, "Who did it, or whose consent it is about (办理机构).")
    consent: Consent | None = relation(models.SubjectNotice.consent, "The consent that it is about (授权).")
    share_code: ShareCode | None = relation(models.SubjectNotice.share_code, "The share code that was used (分享码).")
