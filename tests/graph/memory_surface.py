"""A Surface that keeps what it is shown, for tests of the engine without Discord."""

import asyncio
from collections import defaultdict


class MemorySurface:
    """Everything shown, over all turns, by turn key."""

    def __init__(self):
        self.texts = {}
        self.streamed = defaultdict(str)
        self.restarted = []
        self.footnotes = defaultdict(list)
        self.said = {}
        self.cards = {}
        self.standing = lambda approval: ()
        self.settled = {}
        self.behind = []
        self.taken_in = []
        self.tools = []
        self.faults = defaultdict(list)
        self.changed = asyncio.Event()

    def open(self, turn):
        return _OneTurn(self, turn.key)

    async def until(self, condition, seconds=10):
        async with asyncio.timeout(seconds):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    def fail(self, method):
        """Raise the next fault that a test has put in the way of a method."""
        if self.faults[method]:
            raise self.faults[method].pop()


class _OneTurn:
    def __init__(self, memory, key):
        self._memory = memory
        self._key = key

    def working(self):
        pass

    def text(self, segment, text):
        self._memory.streamed[self._key, segment] += text
        self._memory.changed.set()

    def restart_text(self, segment):
        self._memory.restarted.append((self._key, segment, self._memory.streamed.pop((self._key, segment))))
        self._memory.changed.set()

    def finish_text(self, segment, text):
        self._memory.texts[self._key, segment] = text
        self._memory.changed.set()

    def footnote(self, text):
        self._memory.footnotes[self._key].append(text)
        self._memory.changed.set()

    def tool(self, call_id, name, *, failed):
        self._memory.tools.append((self._key, name, failed))
        self._memory.changed.set()

    async def ask(self, approval):
        self._memory.fail("ask")
        self._memory.cards[approval.id] = approval
        self._memory.changed.set()
        return self._memory.standing(approval)

    async def settle(self, approval):
        self._memory.fail("settle")
        self._memory.settled[approval.id] = approval
        self._memory.changed.set()

    async def say(self, part, sentence):
        self._memory.said[self._key, part] = sentence
        self._memory.changed.set()

    async def say_privately(self, part, sentence):
        await self.say(part, sentence)

    async def behind_card(self, approval):
        if (self._key, approval.id) not in self._memory.behind:
            self._memory.behind.append((self._key, approval.id))
        self._memory.changed.set()

    async def taken_in(self):
        self._memory.fail("taken_in")
        self._memory.taken_in.append(self._key)
        self._memory.changed.set()

    async def flush(self):
        self._memory.fail("flush")

    async def close(self):
        self._memory.changed.set()
