"""The document policy: which documents a client may send, by text or by identifier."""

import logging
from dataclasses import replace

from auth.clients.trusted_documents import Trusted, TrustedDocuments, digest_of, identifier_of, restrict_purposes
from auth.principal import Principal
from models.client import DocumentPolicy
from models.number_recogniser import holds_identity_number
from transport.body import Body
from transport.refusals import RequestError

NOT_FOUND = "No document is registered for you by this identifier. Register it, or send `query`."
NOT_TRUSTED = "Only registered documents are taken from you: send one's identifier as `documentId`, or have this added."
OTHER_TEXT = "`query` is not the document that the identifier names. Send one of them."
log = logging.getLogger("suxin.documents")


async def apply_document_policy(
    documents: TrustedDocuments, principal: Principal, body: Body, *, noted: bool = True
) -> tuple[Principal, Body]:
    """Return the request with the text of its document, and the caller with the purposes registered for it.

    noted: whether to log an unregistered document, if the client's policy says so. Raises RequestError for an unknown
    identifier, a different text, and a document that the client may not send.
    """
    if body.document_id is None and principal.documents is DocumentPolicy.OPEN:
        return principal, body
    identifier = identifier_of(body.query) if body.document_id is None else body.document_id
    found = await documents.find(principal.client_key, identifier)
    if found is None:
        return principal, _unregistered(principal, body, noted=noted)
    _check_same(body, found)
    return restrict_purposes(principal, found), replace(body, query=found.text)


def _unregistered(principal: Principal, body: Body, *, noted: bool) -> Body:
    """Check a request whose document is not registered against the client's policy."""
    text = body.query
    if not text or (body.document_id is not None and digest_of(body.document_id) is None):
        raise RequestError(NOT_FOUND, "PERSISTED_QUERY_NOT_FOUND")
    if body.document_id is not None and digest_of(body.document_id) != digest_of(identifier_of(text)):
        raise RequestError(OTHER_TEXT)
    if principal.documents is DocumentPolicy.TRUSTED_ONLY:
        raise RequestError(NOT_TRUSTED, "DOCUMENT_NOT_TRUSTED", 403)
    if principal.documents is DocumentPolicy.LOGGED and noted:
        which = "it holds an identity number" if holds_identity_number(text) else identifier_of(text)
        log.warning("client %s sent a document that is not registered: %s", principal.client_id, which)
    return body


def _check_same(body: Body, found: Trusted) -> None:
    if body.query and body.query != found.text:
        raise RequestError(OTHER_TEXT)
