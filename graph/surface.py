"""Surface: what a turn needs from the place where it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkpoints.cards import Approval
    from graph.deciding import Said
    from graph.turn import Turn


class Surface(Protocol):
    """One turn, shown. Every method can be called again with the same part after a restart and shows it once.

    What is shown appears in the order of the calls. Methods that return nothing to wait for only note what is to be
    shown; `flush` waits until it is.
    """

    def working(self) -> None:
        """Show that something is being done (typing, in Discord)."""
        ...

    def text(self, segment: int, text: str) -> None:
        """Add to the text of the turn's `segment`-th model message."""
        ...

    def restart_text(self, segment: int) -> None:
        """Void what was streamed of a model message; what is shown of it stays until there is more."""
        ...

    def finish_text(self, segment: int, text: str) -> None:
        """Say what the whole text of a model message is, whatever was shown of it before."""
        ...

    def footnote(self, text: str) -> None:
        """Put one small line below the text that is finished next."""
        ...

    def tool(self, call_id: str, name: str, *, failed: bool | None) -> None:
        """Show a tool call at work (`failed` None) or done."""
        ...

    async def ask(self, approval: Approval) -> Sequence[Said]:
        """Show the card of a call that waits for a person, below what was shown before.

        Returns:
            What stands on the card already, said while nobody listened: who, as they are now, and what; the order in
            which it was said is not known, so refusals come first.

        Raises:
            SurfaceError: It cannot be shown here.
        """
        ...

    async def settle(self, approval: Approval) -> None:
        """Show on a card what became of it, or how it stands."""
        ...

    async def say(self, part: str, sentence: str) -> None:
        """Show one plain sentence of ours.

        Raises:
            SurfaceError: It cannot be shown here.
        """
        ...

    async def say_privately(self, part: str, sentence: str) -> None:
        """Tell the person one plain sentence away from where the turn is shown, which may be closed to us.

        Raises:
            SurfaceError: There is no such way.
        """
        ...

    async def behind_card(self, approval: Approval) -> None:
        """Tell the person that this turn waits for that card, and offer a way to go on without it.

        Raises:
            SurfaceError: It cannot be shown here.
        """
        ...

    async def taken_in(self) -> None:
        """Show on the person's message that the turn that ran has taken it in; a hint, which need not succeed.

        Raises:
            SurfaceError: It cannot be shown now.
        """
        ...

    async def flush(self) -> None:
        """Wait until all that was to be shown is shown.

        Raises:
            SurfaceError: It cannot be shown here.
        """
        ...

    async def close(self) -> None:
        """Stop showing: nothing more is shown after this, and nothing is waited for."""
        ...


class Surfaces(Protocol):
    """Makes the surface of a turn, also of one that a former process began."""

    def open(self, turn: Turn) -> Surface:
        """The surface on which a turn is shown."""
        ...
