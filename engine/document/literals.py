"""Documents without the values that are written into them."""

from graphql import DocumentNode, Token, TokenKind

PLACEHOLDERS = {TokenKind.INT: "0", TokenKind.FLOAT: "0.0", TokenKind.STRING: '""', TokenKind.BLOCK_STRING: '""'}
DROPPED = {TokenKind.SOF, TokenKind.EOF, TokenKind.COMMENT}


def strip_literals(document: DocumentNode) -> str:
    """Return the tokens of a document, each number and string replaced by a placeholder, without comments and blanks.

    Raises ValueError for a document that was parsed without locations.
    """
    if document.loc is None:
        raise ValueError("The document was parsed with no_location.")
    found: list[str] = []
    token: Token | None = document.loc.start_token
    while token is not None:
        if token.kind not in DROPPED:
            found.append(PLACEHOLDERS.get(token.kind) or token.value or token.kind.value)
        token = token.next
    return " ".join(found)
