"""Requirements that several types share: who may meet an object of the type at all. Rows are narrowed elsewhere."""

from auth.scopes import Scope
from engine.policy import any_of

KNOWN_PARTY = any_of(Scope.SUBJECT, Scope.REGISTER, Scope.PUBLICATION, Scope.SELF, Scope.MEASURE)
"""Whoever is answered about a party."""

CREDIT = any_of(Scope.ORGANIZATION, Scope.PERSON_CREDIT)
"""Colour, deductions and sanctions, of organizations or of persons."""

INTEGRITY = any_of(Scope.ORGANIZATION, Scope.PERSON_INTEGRITY)
"""Listings, certificates and serious records, of organizations or of persons."""

PUBLISHED = any_of(Scope.ORGANIZATION, Scope.PERSON_CREDIT, Scope.PUBLICATION)
"""Published deductions and the cases they come from."""

LISTED = any_of(Scope.ORGANIZATION, Scope.PERSON_INTEGRITY, Scope.PUBLICATION)
"""Entries on the public lists."""

RECORDED = any_of(Scope.ORGANIZATION, Scope.PERSON_CREDIT, Scope.PERSON_INTEGRITY, Scope.MEASURE)
"""Records that colour a code, and what they rest on."""

CASE = any_of(Scope.ORGANIZATION, Scope.PERSON_CREDIT, Scope.PERSON_INTEGRITY, Scope.PUBLICATION)
"""The case behind an item."""

PART = any_of(Scope.REGISTER, Scope.SELF)
"""Who took part in a case: the court, and each litigant its own part."""
