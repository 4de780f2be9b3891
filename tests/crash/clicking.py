"""People who decide cards as soon as they can be clicked, whatever becomes of the bot meanwhile."""

import asyncio
from contextlib import asynccontextmanager

# What a card that waits says, and what one about a call in doubt does.
OPEN = "May I run"
IN_DOUBT = "In doubt:"

RUN, REFUSE = "✅", "❌"
RUN_AGAIN, TAKE_AS_DONE, GIVE_UP = "🔁", "✅", "❌"


def words_of(message):
    """All that can be read in a message: its text and its embeds."""
    embeds = (str(embed) for embed in getattr(message, "embeds", ()))
    return "\n".join([message.content, *embeds])


def is_open(message):
    """Whether a card still asks."""
    return OPEN in words_of(message) or IN_DOUBT in words_of(message)


def ready(message, bot, words):
    """Whether a message is a card of the bot's that says this, with the reactions that are put on it last."""
    refuse = message.reactions.get(REFUSE)
    return bool(refuse) and bot.id in refuse.user_ids and message.author.id == bot.id and words in words_of(message)


def card_messages(discord_, channel, words):
    """The bot's cards in a channel that say this and can be clicked."""
    return [one for one in discord_.messages(channel) if ready(one, discord_.bot, words)]


class Clicker:
    """Reacts once to every card that can be clicked.

    Args:
        discord_: The local Discord.
        person_of: Gives who decides a card, of its channel and message.
        decide: Gives the reaction to a card, None to leave it alone for now; called with the channel, the message, and
            whether it is about a doubt.
        delay: Gives how many seconds somebody thinks before that.
    """

    def __init__(self, discord_, person_of, decide, delay=lambda: 0):
        self._discord = discord_
        self._person_of = person_of
        self._decide = decide
        self._delay = delay
        self._seen = set()

    @asynccontextmanager
    async def clicking(self):
        """Click for the block."""
        async with asyncio.TaskGroup() as clicks:
            looking = clicks.create_task(self._look(clicks))
            yield
            looking.cancel()

    async def _look(self, clicks):
        while True:
            for channel in list(self._discord.channels.values()):
                for words in (OPEN, IN_DOUBT):
                    for message in card_messages(self._discord, channel, words):
                        self._consider(clicks, channel, message, in_doubt=words == IN_DOUBT)
            await self._discord.changed()

    def _consider(self, clicks, channel, message, *, in_doubt):
        if message.id in self._seen:
            return
        emoji = self._decide(channel, message, in_doubt)
        if emoji is not None:
            self._seen.add(message.id)
            clicks.create_task(self._click(channel, message, emoji))

    async def _click(self, channel, message, emoji):
        await asyncio.sleep(self._delay())
        await self._discord.react(self._person_of(channel, message), message, emoji)
