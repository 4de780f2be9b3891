"""What is taken off messages while somebody looks at them: what was read, or told, may not stand there any more."""

from __future__ import annotations

from weakref import WeakSet


class Watch:
    """What is heard of the reactions of one message, from its beginning on.

    Attributes:
        message_id: The message; None for one that is nowhere yet.
        whole: Whether all of it was heard: what was taken off before a new session of the gateway was told to nobody.
    """

    def __init__(self, message_id: int | None) -> None:
        self.message_id = message_id
        self.whole = True
        self._gone: set[tuple[int | None, str | None]] = set()

    def take_off(self, user_id: int | None, emoji: str | None) -> None:
        """Note that a reaction was taken off, or those of everybody, or those of every emoji."""
        self._gone.add((user_id, emoji))

    def stands(self, user_id: int, emoji: str) -> bool:
        """Whether somebody's reaction was not taken off since, as far as anything was heard."""
        return self._gone.isdisjoint({(user_id, emoji), (None, emoji), (None, None)})

    def surely_stands(self, user_id: int, emoji: str) -> bool:
        """Whether it was not, and that would have been heard."""
        return self.whole and self.stands(user_id, emoji)


class Watches:
    """The watches that somebody holds; each hears what comes after it began, and nothing of what came before."""

    def __init__(self) -> None:
        self._held: WeakSet[Watch] = WeakSet()

    def begin(self, message_id: int | None) -> Watch:
        """Watch a message, for as long as the watch is held."""
        watch = Watch(message_id)
        self._held.add(watch)
        return watch

    def taken_off(self, message_id: int, user_id: int | None = None, emoji: str | None = None) -> None:
        """A reaction was taken off, or several at once.

        Args:
            message_id: From which message.
            user_id: Whose; None for everybody's.
            emoji: Which, without a variation selector; None for all.
        """
        for watch in self._held:
            if watch.message_id == message_id:
                watch.take_off(user_id, emoji)

    def session_began(self) -> None:
        """A session of the gateway began."""
        for watch in self._held:
            watch.whole = False
