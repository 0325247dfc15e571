"""URLs with several hosts, as PostgreSQL writes them (libpq, Connection URIs)."""

import re
from urllib.parse import quote

SEVERAL = re.compile(
    r"(?P<scheme>[\w+]+://)(?P<user>[^@/?]*@)?(?P<hosts>[^/?@]*,[^/?@]*)(?P<rest>/[^?]*)?(\?(?P<query>.*))?"
)
PORT = re.compile(r"(^[^:\[]*|\]):\d+$")


def spread_hosts(text: str) -> str:
    """Return a URL whose hosts, if there are several, are in its query, where SQLAlchemy and its drivers expect them.

    Each host has its port: `postgresql://h1:5433,h2/db` is `postgresql:///db?host=h1:5433&host=h2:5432`.
    """
    found = SEVERAL.fullmatch(text)
    if found is None:
        return text
    hosts = "&".join(f"host={quote(_add_port(host), safe=':[]')}" for host in found["hosts"].split(","))
    query = f"{hosts}&{found['query']}" if found["query"] else hosts
    return f"{found['scheme']}{found['user'] or ''}{found['rest'] or '/'}?{query}"


def _add_port(host: str) -> str:
    return host if PORT.search(host) else f"{host}:5432"
