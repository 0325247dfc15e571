"""Queries of a client about itself."""

import strawberry

from engine.declare.connections import Connection
from engine.declare.fields import root, root_connection
from engine.policy import OPEN
from resolvers.integration import registrations
from resolvers.visibility.about import ABOUT_NOBODY
from schema.integration.registration import ClientRegistration
from schema.integration.trusted_document import TrustedDocument


@strawberry.type(description="What clients ask about themselves (接入自查).")
class IntegrationQuery:
    """The root fields of a client's own registration."""

    registration: ClientRegistration | None = root(
        registrations.REGISTRATION,
        "How you are registered here (接入登记); null for a token that acts for a person.",
        requires=OPEN,
    )
    trusted_documents: Connection[TrustedDocument] = root_connection(
        registrations.TRUSTED_DOCUMENTS,
        "The documents that are registered for you, newest first (已登记文档).",
        requires=OPEN,
        about=ABOUT_NOBODY,
    )
