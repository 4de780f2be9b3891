"""A bot that lives through one trouble after another, each in a channel of its own: starting it takes seconds."""

from collections import deque
from contextlib import asynccontextmanager
from pathlib import Path

from playground import GatewaySettings, LocalDiscord
from playground.model import Gate, Reply, Scripted, call, say
from tests.end_to_end.conftest import Bot, checked
from tests.marks import MarksTakenOut

HASTY_BOT = Path(__file__).with_name("hasty_bot.py")

ANSWER = "The first half of this answer is shown before the trouble, and the second half comes after it."
HALF = "The first half"
DONE = "It is written."
WELCOME = "You are welcome."


@asynccontextmanager
async def surviving(home, *, toml=""):
    """A bot, started, with a Discord and a model of its own."""
    script = Scripted()
    # Well below the time after which the hasty bot takes a silent connection for dead.
    settings = GatewaySettings(heartbeat_interval=1.0)
    async with LocalDiscord(gateway=settings) as discord_, MarksTakenOut(script) as model:
        bot = Bot(home, discord_, model)
        bot.program = [HASTY_BOT, "run"]
        # All places are asked by one person, one right after the other.
        bot.configure(f"[limits]\nuser_per_minute = 0\n{toml}")
        with checked(bot):
            await bot.start()
            yield Survivor(bot, script)
            await bot.kill()


class Survivor:
    """The bot, what it is told to say, and places to talk with it."""

    def __init__(self, bot, script):
        self.bot = bot
        self.discord = bot.discord
        self.model = bot.model
        self.script = script

    def place(self):
        """A channel where nothing was said yet."""
        number = len(self.discord.channels)
        channel = self.discord.add_channel(next(iter(self.discord.guilds.values())), f"place-{number}")
        return Place(self, channel)


class Place:
    """A channel in which Alice talks with the bot."""

    def __init__(self, survivor, channel):
        self.bot, self.discord, self.script = survivor.bot, survivor.discord, survivor.script
        self.channel = channel
        self.alice = survivor.discord.user("alice")

    async def ask(self, words, *answers):
        """Let Alice ask something that the model has these answers to, one a request."""
        left = deque(answers)
        asked = f"{words} ({self.channel.name})"
        self.script.when(lambda request: asked in request.last_user_text, lambda _: left.popleft())
        return await self.discord.send(self.alice, self.channel, self.bot.mention(asked))

    async def ask_and_hold(self):
        """Let Alice ask what is answered with ANSWER, and hold that half way; what is released then goes on."""
        gate = Gate()
        await self.ask("explain it", Reply(ANSWER, gate=gate))
        await self.said(HALF)
        return gate

    async def ask_for_a_note(self):
        """Let Alice ask for what needs her approval; give the card that waits for it."""
        await self.ask("write it", call("write_note", name=self.channel.name, text="x"), say(DONE))
        return await self.bot.card(self.channel, "write_note")

    def texts(self):
        """What stands in the channel from the bot, without the activity of tools, in its order."""
        ours = (m.content for m in self.discord.messages(self.channel) if m.author.id == self.discord.bot.id)
        return [text for text in ours if not text.startswith("-# ")]

    async def said(self, words, timeout=25):
        """The bot's message with these words in it, which may have taken a while under trouble."""
        return await self.bot.said(self.channel, words, timeout)

    async def ends_with(self, *texts):
        """Say that this and nothing else stands here, now and after one more turn: whatever was late has come then."""
        await self.said(texts[-1])
        await self.ask("thank you", say(WELCOME))
        await self.said(WELCOME)
        assert self.texts() == [*texts, WELCOME], self.texts()

    async def ends_with_the_note(self, card):
        """Say that the card was followed once."""
        await self.said(DONE)
        await self.discord.wait_until(lambda: "Approved" in card.content)
        await self.ends_with(card.content, DONE)
        written = [line for line in self.bot.counted.read_text().splitlines() if self.channel.name in line]
        assert len(written) == 1
