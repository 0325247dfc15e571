"""Enrolment of persons in households by the moral bank's head office (DOMAIN 5)."""

from datetime import date

from casework import households
from casework.households import EnrolledPerson, Membership
from casework.refusal import Refusal
from models.documents import DocumentKind, parse_document
from models.identifiers import IdentifierError, mask_number
from models.names import tidy
from resolvers.mutations.acting import Acting


async def enrol_member(
    acting: Acting,
    *,
    household_key: str,
    village: str,
    name: str,
    id_number: str,
    relation: str,
    consent_number: str,
    consented_on: date,
    enrolled_on: date,
) -> int:
    """Enrol a person on their letter."""
    membership = Membership(household_key, village, relation, consent_number, consented_on, enrolled_on)
    person = await _person(acting, name, id_number)
    return await households.enrol(acting.connection, person, membership, acting.caller.now)


async def _person(acting: Acting, name: str, id_number: str) -> EnrolledPerson:
    """Return the person as stored. Raises Refusal BAD_NUMBER, BAD_TEXT."""
    try:
        number = parse_document(DocumentKind.RESIDENT_ID, id_number)
    except IdentifierError:
        raise Refusal("BAD_NUMBER", "This is no resident ID number.", "Check its digits.", "idNumber") from None
    if not tidy(name):
        raise Refusal("BAD_TEXT", "The name is missing.", "Write the person's name.", "name")
    index = await acting.hash(number)
    sealed = acting.caller.keyring.seal(number.value, index)
    return EnrolledPerson(tidy(name), index, sealed, mask_number(number.value))
