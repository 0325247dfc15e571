"""What the access log keeps of a document: an HMAC of its words, and nothing of what is written into it (R18)."""

import hmac
from hashlib import sha256

import pytest
from graphql import parse
from look_ups import key_of
from the_engine import prepared
from world import KEYRING, World

from auth.audiences import Audience, scopes_of
from demo.city.cast import CHEN, FORGE, LIN, Subject
from engine.document.literals import strip_literals


def written(subject: Subject, place: int) -> str:
    """A document with a name and a number written into it."""
    kind, number = next((name, value) for name, value in key_of(subject).items() if name != "name")
    return (
        f'query Check {{  # {subject.name}, {number}\n  subject(by: {{ name: "{subject.name}", {kind}: "{number}", '
        f'reference: "A-{place}" }}, access: {{ purpose: LOAN_APPROVAL }}) {{ outcome }}\n}}'
    )


def test_documents_that_differ_in_their_literals_are_one_operation(world: World) -> None:
    documents = [written(CHEN, 1), written(LIN, 2)]
    with world.logged() as entries:
        for document in documents:
            world.data(Audience.BANK, document)
    operations = {bytes(entry["operation"]) for entry in entries}
    assert len(entries) == 2
    assert operations == {hmac.digest(KEYRING.log_key, strip_literals(parse(documents[0])).encode(), "sha256")}


def test_nobody_can_test_a_guess_of_a_number(world: World) -> None:
    """Neither the document nor what is left of it is kept as a hash without a key."""
    document = written(FORGE, 3)
    with world.logged() as entries:
        world.data(Audience.BANK, document)
    (operation,) = {bytes(entry["operation"]) for entry in entries}
    left = strip_literals(parse(document))
    assert FORGE.number not in left
    assert FORGE.name not in left
    assert operation not in {sha256(text.encode()).digest() for text in (document, left)}


def test_other_words_are_another_operation(world: World) -> None:
    with world.logged() as entries:
        world.data(Audience.BANK, written(CHEN, 1))
        world.data(Audience.BANK, written(CHEN, 1).replace("outcome", "outcome reference"))
    assert len({bytes(entry["operation"]) for entry in entries}) == 2


def test_idempotency_still_tells_literals_apart() -> None:
    """The key of a mutation is compared with its whole text, which is not stored."""
    one, other = (prepared(written(CHEN, place), None, scopes_of(Audience.BANK)) for place in (1, 2))
    assert one.digest == other.digest
    assert one.text_digest != other.text_digest


@pytest.mark.parametrize(
    ("document", "left"),
    [
        ('{ a(b: "330281190001010004", c: 7, d: -1.5e3) }', '{ a ( b : "" c : 0 d : 0.0 ) }'),
        ('query Q($x: Int = 5) {\n  # 330281190001010004\n  a(b: """\n330281\n""") @skip(if: true) ...F\n}', None),
        ("{ a(b: [1, 2, ENUM, null]) }", "{ a ( b : [ 0 0 ENUM null ] ) }"),
    ],
)
def test_literals_and_comments_are_left_out(document: str, left: str | None) -> None:
    found = strip_literals(parse(document))
    assert left in (None, found)
    assert "330281" not in found
    assert parse(found)


def test_a_document_without_places_is_refused() -> None:
    with pytest.raises(ValueError, match="no_location"):
        strip_literals(parse("{ a }", no_location=True))
