"""Awards that a labour-arbitration body records."""

from datetime import date
from decimal import Decimal

from casework import arbitral_awards
from casework.arbitral_awards import AwardTerms, Debtor
from casework.refusal import Refusal
from models.arbitral_award import AwardKind
from models.documents import ORGANIZATIONS, mask_document, parse_document
from models.identifiers import IdentifierError
from models.names import fold, tidy
from models.party import PartyKind
from resolvers.mutations.acting import Acting
from resolvers.mutations.consents import Given, read_numbered
from resolvers.register.subject_keys import find_document


async def record(
    acting: Acting,
    *,
    name: str,
    id_number: str | None,
    organization_code: str | None,
    document: Given | None,
    number: str,
    kind: AwardKind,
    obligation: str,
    amount: Decimal | None,
    made_on: date,
    effective_on: date,
    perform_by: date,
) -> int:
    """Record an award against a debtor."""
    debtor = await _read_debtor(acting, name, id_number, organization_code, document)
    terms = AwardTerms(number, kind, obligation, amount, made_on, effective_on, perform_by)
    client, now = acting.caller.principal.client_key, acting.caller.now
    return await arbitral_awards.record_award(acting.connection, client, debtor, terms, now)


async def _read_debtor(
    acting: Acting, name: str, id_number: str | None, organization_code: str | None, document: Given | None
) -> Debtor:
    """Return a debtor by name and number. Raises Refusal BAD_NUMBER, BAD_TEXT."""
    one = find_document(read_numbered(id_number, organization_code, document))
    field = "organizationCode" if organization_code is not None else "document" if document else "idNumber"
    if one is None:
        hint = "Give `idNumber`, `organizationCode` or `document`."
        raise Refusal("BAD_NUMBER", "A debtor has one number.", hint, field)
    try:
        given = parse_document(*one)
    except IdentifierError:
        raise Refusal("BAD_NUMBER", "This is no number of its kind.", "Check its digits.", field) from None
    if not fold(name):
        raise Refusal("BAD_TEXT", "This is blank.", "Give the full name.", "name")
    index = await acting.hash(given)
    kind = PartyKind.ORGANIZATION if given.kind in ORGANIZATIONS else PartyKind.PERSON
    sealed = acting.caller.keyring.seal(given.value, index)
    return Debtor(kind, tidy(name), given, index, sealed, mask_document(given.value))
