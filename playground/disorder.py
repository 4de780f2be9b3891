"""Events that come twice or out of order, as a test orders them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playground.values import Event


@dataclass(slots=True)
class _Swap:
    """What happens in the first channel, from an event of this name on, waits for one of that name in the second."""

    name: str
    first: int
    second: int
    held: list[Event] = field(default_factory=list["Event"])


class Disorder:
    """What happens to events on their way to the bot's sessions; nothing, unless it was ordered."""

    def __init__(self) -> None:
        self._repeats: list[str] = []
        self._swaps: list[_Swap] = []

    def repeat_next(self, name: str, times: int) -> None:
        """Let the next events of a name come twice."""
        self._repeats += [name] * times

    def swap_next(self, name: str, first: int, second: int) -> None:
        """Let the next event of a channel come after the next one of another channel."""
        self._swaps.append(_Swap(name, first, second))

    def through(self, event: Event) -> list[Event]:
        """Give what is to be sent now that an event has happened, in its order."""
        passed: list[Event] = []
        for one in self._ordered(event):
            passed.append(one)
            if one.name in self._repeats:
                self._repeats.remove(one.name)
                passed.append(one)
        return passed

    def _ordered(self, event: Event) -> list[Event]:
        for swap in self._swaps:
            # Later events of the first channel wait too: within a channel the order stays.
            if event.channel_id == swap.first and (swap.held or event.name == swap.name):
                swap.held.append(event)
                return []
            if event.channel_id == swap.second and swap.held and event.name == swap.name:
                self._swaps.remove(swap)
                return [event, *swap.held]
        return [event]
