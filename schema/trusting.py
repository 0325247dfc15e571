"""Which documents a request may bring: any, or those registered for its client, by text or by identifier."""

import logging
from dataclasses import replace

from auth.principal import Principal
from auth.trusted_documents import TrustedDocuments, digest_of, held, identifier_of
from models.client import DocumentPolicy
from schema.body import Body, BodyError

NOT_FOUND = "No document is registered for you by this identifier. Register it, or send `query`."
NOT_TRUSTED = "Only registered documents are taken from you: send one's identifier as `documentId`, or have this added."
OTHER_TEXT = "`query` is not the document that the identifier names. Send one of them."
log = logging.getLogger("suxin.documents")


async def trusted(documents: TrustedDocuments, principal: Principal, body: Body) -> tuple[Principal, Body]:
    """The request with its document's text, and its caller, held to the purposes of a registered document.

    Raises BodyError for an unknown identifier, for one with another text, and for what the client may not send.
    """
    if body.query and body.document_id is not None:
        _check_same(body.query, body.document_id)
    if body.query and principal.documents is DocumentPolicy.OPEN:
        return principal, body
    identifier = identifier_of(body.query) if body.query else body.document_id or ""
    found = await documents.find(principal.client_key, identifier)
    if found is None:
        return principal, _unregistered(principal, body)
    return held(principal, found), replace(body, query=found.text)


def _unregistered(principal: Principal, body: Body) -> Body:
    """The request all the same, if the client's policy is to note it only."""
    if not body.query:
        raise BodyError(NOT_FOUND, "PERSISTED_QUERY_NOT_FOUND")
    if principal.documents is DocumentPolicy.TRUSTED_ONLY:
        raise BodyError(NOT_TRUSTED, "DOCUMENT_NOT_TRUSTED", 403)
    log.warning("client %s sent a document that is not registered: %s", principal.client_id, identifier_of(body.query))
    return body


def _check_same(query: str, identifier: str) -> None:
    if digest_of(identifier) != digest_of(identifier_of(query)):
        raise BodyError(OTHER_TEXT)
