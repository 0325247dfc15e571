"""Requirements that several types share. Rows are restricted by row predicates."""

from auth.scopes import Scope
from engine.policy import any_of

KNOWN_PARTY = any_of(Scope.SUBJECT, Scope.REGISTER, Scope.PUBLICATION, Scope.SELF, Scope.MEASURE)
"""Parties."""

CREDIT = any_of(Scope.ORGANIZATION, Scope.PERSON_CREDIT)
"""Colour, deductions and sanctions, of organizations or of persons."""

INTEGRITY = any_of(Scope.ORGANIZATION, Scope.PERSON_INTEGRITY)
"""Listings, certificates and serious records, of organizations or of persons."""

PUBLISHED = any_of(Scope.ORGANIZATION, Scope.PERSON_CREDIT, Scope.PUBLICATION)
"""Published deductions and the cases they come from."""

LISTED = any_of(Scope.ORGANIZATION, Scope.PERSON_INTEGRITY, Scope.PUBLICATION)
"""Entries on the public lists."""

RECORDED = any_of(Scope.ORGANIZATION, Scope.PERSON_CREDIT, Scope.PERSON_INTEGRITY, Scope.MEASURE)
"""Code records and the records that they follow from."""

CASE = any_of(Scope.ORGANIZATION, Scope.PERSON_CREDIT, Scope.PERSON_INTEGRITY, Scope.PUBLICATION)
"""The case of a record."""

PART = any_of(Scope.REGISTER, Scope.SELF)
"""Participations, for the court and for litigants."""
