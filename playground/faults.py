"""Trouble on purpose: answers that get lost or come late and servers that fail, as a test orders them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Fault:
    """Trouble that the next requests of a route run into.

    Attributes:
        method: The HTTP method; None for any.
        route: The path's template (`/channels/{channel_id}/messages`); None for any.
        times: How many requests are still to run into it.
        status: The status they get, with no body; 0 cuts the connection instead, None leaves the answer as it is.
        done: Whether what they ask for is done all the same, and only the answer is lost.
        delay: Seconds by which the answer comes late.
    """

    method: str | None
    route: str | None
    times: int
    status: int | None = None
    done: bool = True
    delay: float = 0.0

    def meets(self, method: str, route: str) -> bool:
        """Tell whether a request runs into it."""
        return self.times > 0 and self.method in (None, method) and self.route in (None, route)


class Faults:
    """What a test has ordered, oldest first."""

    def __init__(self) -> None:
        self._ordered: list[Fault] = []

    def order(self, fault: Fault) -> None:
        """Let the next requests of a route run into trouble."""
        self._ordered.append(fault)

    def take(self, method: str, route: str) -> Fault | None:
        """Give the trouble that a request runs into, and count it."""
        fault = next((one for one in self._ordered if one.meets(method, route)), None)
        if fault is not None:
            fault.times -= 1
        return fault
