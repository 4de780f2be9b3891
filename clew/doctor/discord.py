"""Discord: token, message content intent, and what the bot may do in each channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clew.doctor.finding import Finding, Level, one_line
from clew.settings import SettingsError
from discord_adapter.checkup import NEEDED, OPTIONAL, CheckupError, look

if TYPE_CHECKING:
    from clew.settings import Settings
    from discord_adapter.checkup import Checkup, Place

_PORTAL = "Developer Portal (discord.com/developers/applications), your application, Bot"

# docs events/gateway#message-content-intent: what comes with its text without the intent.
_WITHOUT = (
    "clew answers mentions, direct messages and slash commands; the text and files of all other messages are hidden "
    "from it, of those before a question too, and of answers to it whose mention was switched off"
)

# As many names as fit into a line.
_NAMED = 8


async def check_discord(settings: Settings) -> list[Finding]:
    """Look at the bot's side of Discord."""
    try:
        found = await look(settings.discord)
    except SettingsError as error:
        mend = f"{_PORTAL}, Reset Token; put it into .env as DISCORD_TOKEN."
        return [Finding(Level.FAILED, "discord", str(error), mend)]
    except CheckupError as error:
        return [_unreachable(settings, error)]
    account = Finding(Level.OK, "discord", f"The token is good; the bot is {found.name}.")
    return [account, _intent(found, wanted=settings.discord.message_content), *_places(found)]


def _unreachable(settings: Settings, error: CheckupError) -> Finding:
    if error.refused:
        mend = f"{_PORTAL}, Reset Token; DISCORD_TOKEN is that one, neither the client secret nor the public key."
    elif settings.discord.url:
        mend = f"CLEW_DISCORD_URL names {settings.discord.url}; leave it empty to use Discord itself."
    else:
        mend = "Look at this machine's network, and at discordstatus.com."
    return Finding(Level.FAILED, "discord", one_line(error), mend)


def _intent(found: Checkup, *, wanted: bool) -> Finding:
    if wanted and not found.message_content:
        text = "The message content intent is switched off, so Discord will not let `clew run` in."
        mend = (
            f"{_PORTAL}, switch on Message Content Intent; or write message_content = false under [discord] in "
            f"clew.toml: then {_WITHOUT}."
        )
        return Finding(Level.FAILED, "discord", text, mend)
    if wanted:
        return Finding(Level.OK, "discord", "The message content intent is switched on.")
    return Finding(Level.OK, "discord", f"Without the message content intent (clew.toml): {_WITHOUT}.")


def _places(found: Checkup) -> list[Finding]:
    if not found.places:
        return [
            Finding(
                Level.WARNING, "discord", "The bot is in no server.", f"Add it with this link: {found.install_link}"
            )
        ]
    return [finding for place in found.places for finding in _place(place, found.install_link)]


def _place(place: Place, install_link: str) -> list[Finding]:
    if place.problem:
        return [Finding(Level.WARNING, "discord", f"{place.name}: {one_line(place.problem)}", "Run this again later.")]
    lacking = dict(place.lacking or {})
    without = [f"{title} (optional) in {_named(lacking[title])}" for title in OPTIONAL.values() if title in lacking]
    unusable = {*lacking.get(NEEDED["view_channel"], ()), *lacking.get(NEEDED["send_messages"], ())}
    if place.channels and unusable == set(place.channels):
        text = f"{place.name}: the bot can write in none of the {len(place.channels)} channels."
        mend = f"Give its role View Channel and Send Messages, or add it anew with all it needs: {install_link}"
        return [Finding(Level.FAILED, "discord", text, mend)]
    findings = [
        Finding(
            Level.WARNING,
            "discord",
            f"{place.name}: {', '.join(titles)} missing in {_named(channels)}.",
            f"{_loss(titles)} Allow it for the bot's role: the channel's settings, Permissions.",
        )
        for channels, titles in _by_channels(lacking).items()
    ]
    if not findings:
        told = f"; without {' and '.join(without)}" if without else ""
        findings.append(
            Finding(Level.OK, "discord", f"{place.name}: all permissions in {len(place.channels)} channels{told}.")
        )
    return findings


def _by_channels(lacking: dict[str, tuple[str, ...]]) -> dict[tuple[str, ...], list[str]]:
    """The needed permissions that are missing in the same channels, together."""
    together: dict[tuple[str, ...], list[str]] = {}
    for title in NEEDED.values():
        if title in lacking:
            together.setdefault(lacking[title], []).append(title)
    return together


def _loss(titles: list[str]) -> str:
    """What does not work without a permission; the first of them says enough."""
    losses = {
        "View Channel": "The bot is not there at all, which may be as you want it.",
        "Send Messages": "It cannot answer there.",
        "Send Messages in Threads": "It cannot answer in threads there.",
        "Attach Files": "It cannot show what is too long for a message.",
        "Embed Links": "Its links have no preview.",
        "Read Message History": "It cannot answer to a message, nor find what was written while it was away.",
        "Add Reactions": "Its cards have no ✅ and ❌ to click; their buttons decide.",
    }
    return losses[titles[0]]


def _named(channels: tuple[str, ...]) -> str:
    names = ", ".join(f"#{name}" for name in channels[:_NAMED])
    return f"{names} and {len(channels) - _NAMED} more" if len(channels) > _NAMED else names
