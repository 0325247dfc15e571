"""References that clients give to their own business, and numbers of letters: a narrow alphabet, so that they hold no
names, notes or formatting (R18). Pure functions."""

import re
from enum import Enum


class Alphabet(Enum):
    """The characters of a reference, as a pattern and as a sentence.

    OWN: a client's own reference (机构业务编号). LETTER: the number of an authorisation letter (授权书编号), such as
    甬银授字〔2026〕第12号.
    """

    OWN = (
        r"[A-Za-z0-9][A-Za-z0-9._/:#+-]*",
        "letters A to Z, digits and . _ / : # + -, a letter or digit first",
    )
    LETTER = (
        r"[A-Za-z0-9\u3400-\u9fff][A-Za-z0-9\u3400-\u9fff._/:#()\[\]（）〔〕【】-]*",
        "letters A to Z, digits, Chinese characters, brackets and . _ / : # -, no sign or bracket first",
    )

    def __init__(self, pattern: str, characters: str) -> None:
        self.characters = characters
        self._pattern = re.compile(pattern)

    def covers(self, text: str) -> bool:
        """Test whether a text consists of these characters only."""
        return self._pattern.fullmatch(text) is not None
