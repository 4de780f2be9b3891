"""What people do with the bot's commands, buttons, menus and forms."""

# Tests read better with one number at the call than with a block around each wait.
# ruff: noqa: ASYNC109

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from playground import controls, modals
from playground.context_menus import invoke_menu
from playground.people import People
from playground.slash import complete

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playground.interactions import Interaction
    from playground.values import Channel, Message, User


class Interacting(People):
    """People who use what the bot offers.

    Every act waits for the bot's answer and gives the interaction; its `failed` is set when the bot did not answer
    within Discord's three seconds. `timeout` is how many seconds a deferred answer is waited for.
    """

    @property
    def latest_interaction(self) -> Interaction:
        """What was used last, also while it is still being answered."""
        if not self.interactions:
            raise LookupError("Nobody has used anything yet.")
        return list(self.interactions.values())[-1]

    def install_for(self, user: User) -> None:
        """Let a user install the application for themselves (docs resources/application#user-context)."""
        self.user_installs.add(user.id)

    async def context_menu(
        self, user: User, channel: Channel, command: str, target: User | Message, *, timeout: float = 5.0
    ) -> Interaction:
        """Pick a command from the menu of a user or a message.

        Raises:
            UnknownCommand: No such command is registered for this place.
            NotPermitted: The user may not use it.
            DiscordError: The target is not there.
        """
        await asyncio.sleep(0)
        return await self._answered(invoke_menu(self, user, channel, command, target), timeout)

    async def autocomplete(
        self, user: User, channel: Channel, command: str, focused: str, typed: str, /, **options: object
    ) -> Interaction:
        """Type into an option of a slash command; what the bot proposes is in `choices`.

        Raises:
            BadOption: The bot makes no proposals for the option, or another one is wrong.
        """
        await asyncio.sleep(0)
        return await self._answered(complete(self, user, channel, command, focused, typed, options), 0)

    async def press(self, user: User, message: Message, button: str, *, timeout: float = 5.0) -> Interaction:
        """Press a button, named by its `custom_id` or the words on it.

        Raises:
            BadInput: There is no such button, or it cannot be pressed.
        """
        await asyncio.sleep(0)
        return await self._answered(controls.press(self, user, message, button), timeout)

    async def choose(
        self, user: User, message: Message, menu: str, *values: object, timeout: float = 5.0
    ) -> Interaction:
        """Choose in a menu: options by value or label; users, roles and channels as such, by id or by name.

        Raises:
            BadInput: There is no such menu, or it does not take this.
        """
        await asyncio.sleep(0)
        return await self._answered(controls.choose(self, user, message, menu, values), timeout)

    async def submit(
        self, user: User, asked: Interaction, fields: Mapping[str, object], *, timeout: float = 5.0
    ) -> Interaction:
        """Fill in the form that an interaction was answered with, and send it.

        Raises:
            BadInput: There is no form, or it would not be sent like this.
        """
        await asyncio.sleep(0)
        return await self._answered(modals.submit(self, user, asked, fields), timeout)

    async def _answered(self, interaction: Interaction, timeout: float) -> Interaction:
        await interaction.wait(self, timeout)
        return interaction
