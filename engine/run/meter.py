"""What a request has used and seen of the database."""

from dataclasses import dataclass

from engine.run.position import Position


@dataclass(slots=True)
class Meter:
    """seconds: for which the request has used a connection; its part of the calls that answer several requests.
    position: of the primary when it confirmed an answer that a standby had read; None for other answers."""

    seconds: float = 0.0
    position: Position | None = None
