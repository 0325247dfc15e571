"""URLs with several hosts, as PostgreSQL writes them (libpq, Connection URIs)."""

import re
from urllib.parse import quote

SEVERAL = re.compile(
    r"(?P<scheme>[\w+]+://)(?P<user>[^@/?]*@)?(?P<hosts>[^/?@]*,[^/?@]*)(?P<rest>/[^?]*)?(\?(?P<query>.*))?"
)
HOST = re.compile(r"(?P<name>\[[^\]]*\]|[^:\[\]]*)(:(?P<port>\d{1,5}))?")
USUAL_PORT, LARGEST_PORT = "5432", 65_535


def spread_hosts(text: str) -> str:
    """Return a URL whose hosts, if there are several, are in its query, where SQLAlchemy and its drivers expect them.

    Each has a port: `postgresql://h1:5433,h2/db` is `postgresql:///db?host=h1,h2&port=5433,5432`.
    """
    found = SEVERAL.fullmatch(text)
    hosts = [HOST.fullmatch(host) for host in found["hosts"].split(",")] if found else []
    if found is None or not all(host and int(host["port"] or 0) <= LARGEST_PORT for host in hosts):
        return text
    names = ",".join(quote(host["name"].strip("[]"), safe=":") for host in hosts if host)
    ports = ",".join(host["port"] or USUAL_PORT for host in hosts if host)
    query = f"host={names}&port={ports}" + (f"&{found['query']}" if found["query"] else "")
    return f"{found['scheme']}{found['user'] or ''}{found['rest'] or '/'}?{query}"
