"""Clients."""

import models
from auth.audiences import Audience
from auth.scopes import Scope
from engine.declare.fields import column
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from engine.policy import any_of
from resolvers.visibility.predicates import may_see_client

KNOWN_CLIENT = any_of(Scope.SELF, Scope.AUDIT, Scope.GRANT_WRITE, Scope.REGISTER)


@row_type(models.Client, seen_by=may_see_client, requires=KNOWN_CLIENT)
class Client(Node):
    """A registered institution (接入方)."""

    name: str = column("Its name (名称).")
    purposes: list[str] = column("Why it may look somebody up (用途).")
    audience: Audience = column("Its kind (类型).")
