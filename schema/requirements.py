"""Requirements that several types share. Rows are restricted by row predicates."""

from auth.scopes import Scope
from engine.policy import all_of, any_of

BULK = any_of(Scope.BULK)
CATALOGUE = any_of(Scope.CATALOGUE)
CONVERSION = any_of(Scope.CONVERSION)
EVENT = any_of(Scope.EVENT)
LOAN = any_of(Scope.LOAN)
MEASURE = any_of(Scope.MEASURE)
NOTICE = any_of(Scope.NOTICE)
PROCEDURE = any_of(Scope.PROCEDURE)
REGISTER = any_of(Scope.REGISTER)
SELF = any_of(Scope.SELF)
STATISTICS = any_of(Scope.STATISTICS)
SUBJECT = any_of(Scope.SUBJECT)
WATCH = any_of(Scope.WATCH)

COURT_PROCEDURE = all_of(Scope.REGISTER, Scope.PROCEDURE)
"""The procedure of a court."""

COURT_OR_SUBJECT = any_of(Scope.REGISTER, Scope.SELF)
"""Records for the court, and for a subject its own. It covers answers about past days (R26)."""

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

FORESEEN = any_of(Scope.REGISTER, Scope.SELF, Scope.WATCH)
"""What a performance would change: for courts, subjects, and banks about those whose credit they may see."""

CASE = any_of(Scope.ORGANIZATION, Scope.PERSON_CREDIT, Scope.PERSON_INTEGRITY, Scope.PUBLICATION)
"""The case of a record."""
