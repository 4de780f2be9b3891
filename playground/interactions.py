"""Interactions on their way: what somebody used, and what the bot has answered so far."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from playground import message_payloads
from playground.values import LOADING

if TYPE_CHECKING:
    from playground.values import Channel, Json, Message, User
    from playground.world import World

# "you must send an initial response within 3 seconds" (docs interactions/receiving-and-responding#followup-messages).
ANSWER_SECONDS = 3.0
# "tokens are valid for 15 minutes" (same place).
TOKEN_SECONDS = 15 * 60.0


@dataclass(slots=True, eq=False)
class Interaction:
    """A command, a component, a field being filled in or a form that somebody used.

    Attributes:
        kind: Discord's type of it.
        path: The command's name with its subcommands (`memory show`), or the `custom_id`.
        owners: Whose installation of the application it stands on (docs: authorizing integration owners).
        data: What the bot was told of what was used.
        source: The message whose component was used, also for a form that such a component opened.
        metadata: What its messages tell of it beside the usual (docs: message interaction metadata).
        at: When it was used, in seconds of the monotonic clock.
        callback_type: The type of the bot's first answer; None before it.
        deferred: Whether that first answer was a promise (type 5).
        ephemeral: Whether only the user sees the answer.
        failed: Whether the bot let Discord's three seconds pass.
        message: The answer, or the message of a component that was updated; None when there is none.
        followups: Further messages of the bot.
        modal: The form that the bot showed instead of a message.
        focused_type: The type of the option that is being typed; None for what is no autocomplete.
        choices: What the bot proposed for it.
    """

    id: int
    token: str
    kind: int
    path: str
    user: User
    channel: Channel
    world: World
    owners: dict[str, str]
    data: Json
    source: Message | None = None
    metadata: Json = field(default_factory=dict[str, object])
    at: float = field(default_factory=time.monotonic)
    callback_type: int | None = None
    deferred: bool = False
    ephemeral: bool = False
    failed: bool = False
    message: Message | None = None
    followups: list[Message] = field(default_factory=list["Message"])
    modal: Json | None = None
    focused_type: int | None = None
    choices: list[Json] = field(default_factory=list["Json"])

    @property
    def response(self) -> Json | None:
        """The answer as it goes over the wire; None without one."""
        return None if self.message is None else message_payloads.message(self.world, self.message)

    @property
    def content(self) -> str:
        """The text the user sees at last: of the answer, or of the last followup."""
        visible = [one for one in [self.message, *self.followups] if one is not None and not one.deleted]
        return visible[-1].content if visible else ""

    @property
    def loading(self) -> bool:
        """Whether the user still sees the bot thinking."""
        return self.message is not None and bool(self.message.flags & LOADING) and not self.message.deleted

    @property
    def expired(self) -> bool:
        """Whether its token no longer opens anything: too old, or never answered in time."""
        return self.failed or self.too_late() or time.monotonic() - self.at > TOKEN_SECONDS

    def too_late(self) -> bool:
        """Tell whether the time for a first answer is over."""
        return self.callback_type is None and time.monotonic() - self.at > ANSWER_SECONDS

    def age(self, seconds: float) -> None:
        """Let it be so many seconds older, so that a test need not wait for its time to run out."""
        self.at -= seconds
        self.world.touch()

    async def wait(self, world: World, seconds: float) -> None:
        """Wait for the final answer.

        Raises:
            TimeoutError: The bot promised an answer and did not give it.
        """
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                while self.callback_type is None and not self.too_late():
                    await world.changed()
        except TimeoutError:
            pass
        if self.callback_type is None:
            self.failed = True
            world.touch()
            return
        try:
            async with asyncio.timeout(seconds):
                while self.loading:
                    await world.changed()
        except TimeoutError:
            raise TimeoutError(f"{self.path!r} was deferred and not answered within {seconds:g} s.") from None
