"""Where everything is in a demo that serves."""

from auth.metadata import REGISTRATION_PATH, TOKEN_PATH

PAGES = (
    ("/", "the first page"),
    ("/look", "the public look-up"),
    ("/court", "the court's desk, for staff"),
    ("/explorer", "GraphiQL"),
    ("/developers", "quickstarts, schema, error codes"),
)
"""The pages to begin with."""

ENDPOINTS = (("/graphql", "GraphQL"), (TOKEN_PATH, "access tokens"))
JOINING = ((REGISTRATION_PATH, "registration of clients"),)


def list_addresses(issuer: str, *, joining: bool = False) -> list[tuple[str, str]]:
    """Return the addresses of a demo at `issuer`, and what each is. joining: whether clients register themselves."""
    places = (*PAGES, *ENDPOINTS, *(JOINING if joining else ()))
    return [(issuer + path, what) for path, what in places]
