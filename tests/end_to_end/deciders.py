"""People with and without a say, and what they see of a card, for the tests of cards."""

from playground.model import call, say
from playground.permissions import Permission


class Deciders:
    """The bot with tools on different terms: notes may be deleted by whoever asked, the others take somebody else.

    `write_note` takes two people other than the requester, `slow_note` one of the crew, `fail` is granted for a while.
    """

    def __init__(self, bot, discord_, script):
        self.bot, self.discord, self.script = bot, discord_, script
        self.guild = discord_.guild_of(discord_.channel("general"))
        self.crew = discord_.add_role(self.guild, "crew")
        for name in ("dave", "erin"):
            discord_.add_member(self.guild, discord_.add_user(name))
        self.robot = discord_.add_user("robot", bot=True)
        discord_.add_member(self.guild, self.robot)
        discord_.add_member(self.guild, discord_.bot, permissions=Permission.MANAGE_MESSAGES)
        bot.configure(
            '[approvals.tools."write_note"]\ndeciders = ["others"]\napprovals = 2\n'
            f'[approvals.tools."slow_note"]\ndeciders = ["role:{self.crew.id}"]\n'
            '[approvals.tools."fail"]\nremember_minutes = 30\n'
        )
        self._asked = 0

    def __getattr__(self, name):
        """Somebody by name."""
        return self.discord.user(name)

    async def card(self, channel, tool, **arguments):
        """A card that alice asks for in a channel; the model says a sentence of its own once it has its answer."""
        self._asked += 1
        words = f"question {self._asked}"
        self.script.when(
            lambda request: request.last_user_text.endswith(words) and request.messages[-1]["role"] == "tool",
            say(f"answer {self._asked}"),
        )
        self.script.when(lambda request: request.last_user_text.endswith(words), call(tool, **arguments))
        await self.discord.send(self.discord.user("alice"), channel, self.bot.mention(words))

        def ready(message):
            ours = message.author.id == self.discord.bot.id and f"May I run `{tool}`" in message.content
            return ours and "❌" in message.reactions

        return await self.discord.wait_for_message(channel, ready, timeout=15)

    async def answered(self, channel):
        """Wait until the newest question has its answer."""
        await self.bot.said(channel, f"answer {self._asked}")

    async def pressed(self, person, message, label):
        """Press a button; what only this person is told."""
        used = await self.discord.press(person, message, label)
        assert not used.failed
        return used

    async def told(self, person, message, label, words):
        """Press a button and wait for a sentence that only this person sees."""
        used = await self.pressed(person, message, label)
        await self.discord.wait_until(
            lambda: words in used.content, explain=lambda: f"{person.name} is told {used.content!r}"
        )
        assert all(one.ephemeral for one in used.followups)

    async def reaction_goes(self, person, message, emoji):
        """React, and wait until the bot took it off."""
        await self.discord.react(person, message, emoji)
        await self.discord.wait_until(
            lambda: emoji not in message.reactions or person.id not in message.reactions[emoji].user_ids
        )

    async def shows(self, message, words):
        """Wait until a message has these words."""
        await self.discord.wait_until(lambda: words in message.content, explain=lambda: message.content)
