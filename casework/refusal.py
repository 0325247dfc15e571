"""What the procedure refuses, in words that say what to do instead."""


class Refusal(Exception):
    """A step that may not be taken; nothing of it is done.

    code: for programs. field: the input that it is about, if it is about one. hint: what to do instead.
    """

    def __init__(self, code: str, message: str, hint: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.hint, self.field = code, message, hint, field


def not_found(what: str) -> Refusal:
    """The same for what does not exist and for what belongs to another court (R20)."""
    return Refusal("NOT_FOUND", f"There is no such {what} in your court.", "Look it up again.", "id")
