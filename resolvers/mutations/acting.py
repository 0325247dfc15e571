"""The caller in a mutation: conversion of ids to keys, and of callers to officers or parties."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.officer import Officer
from auth.staff.step_up import needs_proof
from casework.number_forms import claim
from casework.procedure import Act
from casework.refusal import Refusal
from casework.texts import check_texts
from engine.declare.relations import Root
from engine.engine import Engine
from engine.load.context import Context
from engine.load.errors import BadIdError
from engine.load.loaders import load_root
from engine.load.nodes import get_node_root, read_key
from engine.load.rows import RootAnswer, Row
from models.documents import ORGANIZATIONS, Document, DocumentKind, make_document_key, parse_document
from models.identifiers import IdentifierError
from models.party import Identity
from resolvers.caller import Caller

NOT_PROVEN = "This needs a second factor that was given within five minutes."
SIGN_IN_AGAIN = "Sign in again with prompt=login or max_age=300 (RFC 9470), and repeat this with the new token."
Perform = Callable[..., Awaitable[int]]


@dataclass(frozen=True)
class Acting:
    """A caller in the transaction of a mutation."""

    connection: AsyncConnection
    caller: Caller
    engine: Engine
    own: bytes | None = None
    """The stored hash of the authenticated litigant's number."""

    @classmethod
    async def begin(cls, connection: AsyncConnection, caller: Caller, engine: Engine) -> Self:
        """Return the caller of a mutation, whose own rows keep their hash until the transaction ends."""
        own = caller.subject
        return cls(connection, caller, engine, None if own is None else await claim(connection, own))

    def act(self, reason: str) -> Act:
        """Return the act of the signed-in officer at this time. Raises Refusal WRONG_ROLE without an officer."""
        return Act(self.officer, self.caller.now, reason, self.caller.keyring)

    @property
    def officer(self) -> Officer:
        """The signed-in officer; only officers have the scope for acting. Raises Refusal WRONG_ROLE."""
        officer = self.caller.principal.officer
        if officer is None:
            raise Refusal("WRONG_ROLE", "Nobody has signed in.", "Sign in, and ask for a token with the code.")
        return officer

    async def check_factor(self) -> None:
        """Raise Refusal SECOND_FACTOR_REQUIRED if the officer has a second factor that was not given just now."""
        proven, now = self.caller.principal.proven_at, self.caller.now
        if await needs_proof(self.connection, self.officer.key, proven, now):
            raise Refusal("SECOND_FACTOR_REQUIRED", NOT_PROVEN, SIGN_IN_AGAIN)

    def key(self, opaque: str, model: type, field: str = "id") -> int:
        """Return the key in the id of a row of `model`. Raises Refusal BAD_ID."""
        try:
            return read_key(opaque, self.engine.rows[model].name, self.caller.keyring.opaque_key)
        except BadIdError as error:
            raise Refusal("BAD_ID", str(error), "Send an id as this service gave it out.", field) from None

    def with_keys(self, given: Mapping[str, Any], models: Mapping[str, type]) -> dict[str, Any]:
        """Return the input with keys instead of ids; null stays null. Raises Refusal BAD_ID."""
        asked = {name: models[name] for name in given if name in models and given[name] is not None}
        return {**given, **{name: self.key(given[name], model, name) for name, model in asked.items()}}

    @property
    def subject(self) -> bytes:
        """The keyed hash of the authenticated litigant's number. Raises Refusal NOT_YOURS."""
        if self.own is None:
            raise Refusal("NOT_YOURS", "Nobody is authenticated.", "Exchange a token for your user (RFC 8693).")
        return self.own

    @property
    def village_key(self) -> int:
        """The key of the client's village. Raises Refusal NOT_FOUND."""
        village = self.caller.principal.village_key
        if village is None:
            raise Refusal("NOT_FOUND", "There is no such notice for your village.", "Look it up again.", "id")
        return village

    async def hash_person(self, number: str | None, document: Mapping[str, Any] | None) -> bytes:
        """Return the keyed hash of a person's number, of a resident ID or another document. Raises Refusal."""
        given = (DocumentKind.RESIDENT_ID, number) if document is None else (document["kind"], document["number"])
        if given[1] is None or (document is not None and number is not None) or given[0] in ORGANIZATIONS:
            raise Refusal("BAD_NUMBER", "A person has one number.", "Give `idNumber` or `document`.", "idNumber")
        try:
            read = parse_document(given[0], given[1])
        except IdentifierError:
            field = "idNumber" if document is None else "document"
            raise Refusal("BAD_NUMBER", "This is no number of its kind.", "Check its digits.", field) from None
        return await self.hash(read)

    async def hash(self, document: Document) -> bytes:
        """Return the keyed hash under which the holder of a document is stored, or is to be."""
        key = make_document_key(document.kind, document.value)
        return await claim(self.connection, self.caller.keyring.hash(key))

    async def find_own_party(self) -> int:
        """Return the key of the authenticated litigant's party. Raises Refusal NOT_FOUND."""
        own = sa.select(Identity.party_id).where(Identity.index == self.own)
        key: int | None = (await self.connection.execute(own)).scalar_one_or_none()
        if key is None:
            raise Refusal("NOT_FOUND", "The court knows nothing of you.", "Nothing needs to be done.", "id")
        return key


@dataclass(frozen=True)
class Also:
    """A field of the payload that is not stored, computed from the context and the changed row."""

    name: str
    description: str
    tell: Callable[[Context, Row], str]


@dataclass(frozen=True, eq=False)
class MutationRoot:
    """A root field that changes a row of `model`.

    perform: called with `Acting` and the fields of the input. keys: the model of each field that holds ids; `perform`
    gets their keys. noun: the payload's field of the row. lines: leads from the changed row's key to the rows that are
    shown, if they are many. steps_up: whether an officer gives the second factor again before it.
    """

    perform: Perform
    model: type
    noun: str
    keys: Mapping[str, type] = field(default_factory=dict)
    lines: Root | None = None
    also: Sequence[Also] = ()
    steps_up: bool = False

    def get_answer_root(self, engine: Engine) -> Root:
        """Return the root that finds the rows by the key of the changed row."""
        return self.lines or get_node_root(engine, engine.rows[self.model].name)

    async def change(self, context: Context, given: Mapping[str, Any]) -> None:
        """Perform the mutation, unless it is performed. The outcome is kept in `context.performing`."""
        performing = context.performing
        if performing.is_decided:
            return
        try:
            check_texts(given)
            acting = await Acting.begin(context.connection, context.caller, context.engine)
            if self.steps_up:
                await acting.check_factor()
            performing.changed = await self.perform(acting, **acting.with_keys(given, self.keys))
        except Refusal as refusal:
            performing.refusal = refusal


async def perform_mutation(context: Context, field: str, root: MutationRoot, given: Mapping[str, Any]) -> Any:
    """Perform a mutation unless it was performed before, and read the changed row as the caller sees it. Returns a row,
    the rows of `root.lines`, or a Refusal."""
    performing = context.performing
    await root.change(context, given)
    if performing.refusal or performing.unseen:
        return performing.refusal or _unseen()
    asked, answer = root.get_answer_root(context.engine), RootAnswer(field, context.caller.view)
    rows = await load_root(context, asked, {"keys": [performing.changed]}, answer)
    return (rows if root.lines else next(iter(rows), None)) or _unseen()


def _unseen() -> Refusal:
    """Return the refusal of a change that was made but that the caller may not see; it is not rolled back."""
    return Refusal("NOT_FOUND", "This is done, and no longer yours to see.", "Nothing more is needed.")
