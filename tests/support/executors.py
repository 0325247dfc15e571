"""One question to both executors: the bytes of the two answers are the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from world import World

from auth.audiences import Audience
from demo.city.cast import CHEN, Subject


@dataclass(frozen=True)
class Executors:
    """A service that answers by plans, and one over the same database that answers by loaders."""

    plans: World
    loaders: World

    def answer(
        self,
        audience: Audience,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        subject: Subject = CHEN,
    ) -> bytes:
        """The bytes of `data` that both give, the plan without any help of the loaders."""
        token, body = self.plans.token(audience, subject=subject), {"query": document, "variables": variables or {}}
        with self.plans.statements() as sent, self.plans.plans() as plans:
            planned = data_of(self.plans.post(token, body).content)
        assert len(sent) == len(plans)
        assert planned == data_of(self.loaders.post(token, body).content)
        return planned

    def data(
        self,
        audience: Audience,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        subject: Subject = CHEN,
    ) -> Any:
        """What these bytes say."""
        return orjson.loads(self.answer(audience, document, variables, subject=subject))


def data_of(content: bytes) -> bytes:
    """The bytes of `data` in a response without errors."""
    answer, _, extensions = content.rpartition(b',"extensions":')
    assert answer.startswith(b'{"data":'), content[:2_000]
    assert orjson.loads(extensions[:-1]).keys() == {"requestId", "cost"}
    return answer.removeprefix(b'{"data":')
