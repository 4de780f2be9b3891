"""What Discord says of the bot without a gateway: its account, its intents, and what it may do in which channel."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
import discord

from discord_adapter.client import redirect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from discord_adapter.client import DiscordSettings

# As Discord's own pages call them (docs topics/permissions), by discord.py's names.
NEEDED: Mapping[str, str] = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "send_messages_in_threads": "Send Messages in Threads",
    "attach_files": "Attach Files",
    "embed_links": "Embed Links",
    "read_message_history": "Read Message History",
    "add_reactions": "Add Reactions",
}
OPTIONAL: Mapping[str, str] = {
    "create_public_threads": "Create Public Threads",
    # Takes the reactions of people off a card who may not decide it.
    "manage_messages": "Manage Messages",
}

# Servers that are looked at side by side; three requests each.
_AT_ONCE = 5


class CheckupError(Exception):
    """Discord could not be asked; the text is one sentence.

    Attributes:
        refused: Whether it was the token that was refused.
    """

    def __init__(self, sentence: str, *, refused: bool = False) -> None:
        super().__init__(sentence)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Place:
    """What the bot may do in one server.

    Attributes:
        name: The server's name.
        channels: Every text channel and forum there, by name.
        lacking: The channels where a permission is missing, by the permission's name; a channel that the bot does
            not see, or where it may not write, stands under that one alone.
        problem: Why nothing can be said of it; None when it can.
    """

    name: str
    channels: tuple[str, ...] = ()
    lacking: Mapping[str, tuple[str, ...]] | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Checkup:
    """What Discord says of the bot.

    Attributes:
        name: The bot's user name.
        message_content: Whether the message content intent is switched on in the Developer Portal.
        install_link: Where somebody who manages a server can add the bot to it, with all permissions.
        places: The servers it is in.
    """

    name: str
    message_content: bool
    install_link: str
    places: tuple[Place, ...]


async def look(settings: DiscordSettings) -> Checkup:
    """Ask Discord, over REST alone: nothing is registered, sent or connected.

    Raises:
        CheckupError: The token is refused, or Discord does not answer.
    """
    if settings.url:
        redirect(settings.url)
    try:
        async with discord.Client(intents=discord.Intents(guilds=True)) as client:
            await client.login(settings.token.get_secret_value())
            application = await client.application_info()
            return Checkup(
                name=str(client.user),
                message_content=_sees_content(application.flags),
                install_link=_install_link(application.id),
                places=await _places(client),
            )
    except discord.LoginFailure as error:
        raise CheckupError("Discord refuses the token.", refused=True) from error
    except (aiohttp.ClientError, OSError, discord.HTTPException) as error:
        raise CheckupError(f"Discord cannot be reached: {error}.") from error
    except (KeyError, TypeError) as error:
        raise CheckupError("What answers there is not Discord.") from error


def _sees_content(flags: discord.ApplicationFlags) -> bool:
    """Whether the intent is granted; the limited flag is that of a bot in fewer than 100 servers."""
    return flags.gateway_message_content or flags.gateway_message_content_limited


def _install_link(application_id: int) -> str:
    permissions = discord.Permissions(**dict.fromkeys([*NEEDED, *OPTIONAL], True))
    return discord.utils.oauth_url(application_id, permissions=permissions, scopes=("bot", "applications.commands"))


async def _places(client: discord.Client) -> tuple[Place, ...]:
    at_once = asyncio.Semaphore(_AT_ONCE)

    async def place(guild: discord.Guild) -> Place:
        async with at_once:
            return await _place(client, guild)

    async with asyncio.TaskGroup() as looking:
        tasks = [looking.create_task(place(guild)) async for guild in client.fetch_guilds()]
    return tuple(task.result() for task in tasks)


async def _place(client: discord.Client, listed: discord.Guild) -> Place:
    """One server; the list of servers tells neither roles nor channels."""
    try:
        guild = await client.fetch_guild(listed.id, with_counts=False)
        channels = await guild.fetch_channels()
        me = await guild.fetch_member(client.user.id if client.user else 0)
    except discord.HTTPException as error:
        return Place(listed.name, problem=f"Discord does not tell about it: {error}.")
    written = [one for one in channels if isinstance(one, discord.TextChannel | discord.ForumChannel)]
    lacking: dict[str, tuple[str, ...]] = {}
    for channel in written:
        for name in _missing(channel.permissions_for(me)):
            lacking[name] = (*lacking.get(name, ()), channel.name)
    return Place(guild.name, tuple(channel.name for channel in written), lacking)


def _missing(held: discord.Permissions) -> list[str]:
    # Without these two nothing else holds either (docs topics/permissions#implicit-permissions).
    for name in ("view_channel", "send_messages"):
        if not getattr(held, name):
            return [NEEDED[name]]
    return [title for name, title in {**NEEDED, **OPTIONAL}.items() if not getattr(held, name)]
