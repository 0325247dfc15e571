"""Requests full of what nobody may be told: for metrics, traces and logs, which must hold none of it."""

import json
from pathlib import Path
from typing import Any

from world import World

from auth.audiences import Audience
from demo.city import cast
from demo.city.cast import CHEN, ZHAO_SHARE_CODE, Subject

EXAMPLES = Path(__file__).parents[2] / "examples"
PEOPLE = [one for one in vars(cast).values() if isinstance(one, Subject)]
CHOSEN = "Chen330281190001010004"
"""An operation name, as a careless client may choose it."""

LITERAL = (
    f"query {CHOSEN} {{ {CHOSEN}: subject(by: {{name: {json.dumps(CHEN.name)}, idNumber: {json.dumps(CHEN.number)},"
    ' reference: "KREDIT-1"}, access: {purpose: LOAN_APPROVAL, operator: "Wang", branch: "Simen"})'
    " { outcome } }"
)
BAD = [
    LITERAL.replace("idNumber", "idNumer"),
    LITERAL.replace("outcome", CHOSEN),
    LITERAL.replace("LOAN_APPROVAL", CHOSEN),
    f'{{ node(id: "{CHEN.number}") {{ id }} }}',
    f"{{ viewer {{ clientId }} }} # {CHEN.name}",
    f"{CHEN.name}",
]
HEADERS = {
    "baggage": f"name={CHOSEN}",
    "tracestate": f"suxin={CHOSEN.lower()}",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "user-agent": CHOSEN,
    "x-request-id": CHOSEN,
}


def tell_everything(world: World) -> None:
    """Every example, and what is wrong in as many ways as there are places for a name."""
    for audience in Audience:
        for document in sorted((EXAMPLES / audience.lower()).glob("*.graphql")):
            given = document.with_suffix(".json")
            variables = json.loads(given.read_text()) if given.exists() else None
            world.post(world.token(audience), {"query": document.read_text(), "variables": variables}, **HEADERS)
    token = world.token(Audience.BANK)
    for query in (LITERAL, *BAD):
        world.post(token, {"query": query, "operationName": None}, **HEADERS)
    variables = {"by": {"name": CHEN.name, "idNumber": CHEN.number, "x": CHEN.name}}
    typed = "query($by: SubjectKey!, $access: AccessInput!) { subject(by: $by, access: $access) { outcome } }"
    world.post(token, {"query": typed, "variables": variables}, **HEADERS)
    world.post(f"{token}x", {"query": LITERAL}, **HEADERS)
    world.post(token, {"query": LITERAL, "operationName": CHOSEN + "x"}, **HEADERS)
    world.http.get(f"/graphql?query={LITERAL}", headers={"authorization": f"Bearer {token}"})
    world.http.get(f"/{CHEN.number}?name={CHEN.name}")
    world.http.request(CHOSEN, "/graphql")
    world.http.post("/oauth/token", data={"grant_type": CHEN.number, "client_id": CHOSEN, "client_assertion": token})


def personal(world: World) -> set[str]:
    """What must not be told."""
    numbers = {text for one in PEOPLE for text in (one.name, one.number)}
    said = {
        CHOSEN,
        CHOSEN.lower(),
        "KREDIT-1",
        "Wang",
        "Simen",
        "LOAN-2026",
        "T0417",
        "余姚支行",
        "SQ-BANK",
        ZHAO_SHARE_CODE,
    }
    return numbers | said | {token.rpartition(".")[2] for token in world.tokens.values()}


def kept(world: World, told: Any) -> list[str]:
    """What was told of it all the same, as text or escaped."""
    text = str(told)
    return [one for one in personal(world) if one in text or json.dumps(one)[1:-1] in text]
