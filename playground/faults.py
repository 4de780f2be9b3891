"""Trouble on purpose: answers that get lost and servers that fail, as a test orders them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Fault:
    """Trouble that the next requests of a route run into.

    Attributes:
        method: The HTTP method.
        route: The path's template (`/channels/{channel_id}/messages`).
        times: How many requests are still to run into it.
        status: The status they get, with no body; 0 cuts the connection instead.
        done: Whether what they ask for is done all the same, and only the answer is lost.
    """

    method: str
    route: str
    times: int
    status: int
    done: bool


class Faults:
    """What a test has ordered, oldest first."""

    def __init__(self) -> None:
        self._ordered: list[Fault] = []

    def order(self, fault: Fault) -> None:
        """Let the next requests of a route run into trouble."""
        self._ordered.append(fault)

    def take(self, method: str, route: str) -> Fault | None:
        """Give the trouble that a request runs into, and count it."""
        fitting = (one for one in self._ordered if (one.method, one.route) == (method, route) and one.times > 0)
        fault = next(fitting, None)
        if fault is not None:
            fault.times -= 1
        return fault
