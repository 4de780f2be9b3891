"""What people ask in the crash harness, and what the model answers: all of it made from the number of the turn alone.

Whoever asks the model again after a crash gets the same kind of answer, so that what must stand in Discord in the end
is known beforehand, to the character.
"""

import random
import re
from dataclasses import dataclass

from playground.model import Reply, call

# What is called in which step of a turn, by its kind; `{}` is the turn's note.
STEPS = {
    "plain": [],
    "long": [],
    "read": [["list_notes"]],
    "write": [["write_note"]],
    "writes": [["write_note", "write_note"]],
    "slow": [["slow_note"]],
    "chain": [["list_notes"], ["write_note"], ["write_note"]],
}

ASKED = re.compile(r"turn (\d+): (\w+)")
OF_TURN = re.compile(r"\(turn (\d+)\)")

SLOW_SECONDS = 1.0

# What a turn may end with in place of its answer: one sentence (`graph.advancing`).
SENTENCES = ("I stopped several times while working on this", "Something went wrong on my side")


@dataclass(frozen=True)
class Task:
    """One thing that somebody asks."""

    number: int
    kind: str

    @property
    def words(self):
        return f"turn {self.number}: {self.kind}"

    @property
    def steps(self):
        """The calls of each model message before the last one: tool and note."""
        notes = iter(range(10))
        return [[(tool, f"note-{self.number}-{next(notes)}") for tool in tools] for tools in STEPS[self.kind]]

    @property
    def notes(self):
        """The notes of its calls that have effects."""
        return [note for calls in self.steps for tool, note in calls if tool != "list_notes"]

    @property
    def texts(self):
        """What the model says, message by message; every line names the turn."""
        between = [f"Step {number} (turn {self.number})." for number in range(len(self.steps))]
        lines = {"long": 60, "plain": 6}.get(self.kind, 2)
        chance = random.Random(self.number)  # noqa: S311 - words to fill a line
        words = [" ".join(chance.choices(WORDS, k=8)) for _ in range(lines)]
        return [*between, "\n".join(f"{line} {text} (turn {self.number})." for line, text in enumerate(words))]


WORDS = ("thread", "clew", "labyrinth", "knot", "rope", "ball", "wall", "door", "stone", "light", "way", "out", "again")


def answer(request):
    """The model: a rule of the request alone."""
    number, kind = ASKED.findall(request.last_user_text)[-1]
    task = Task(int(number), kind)
    newest = max(index for index, message in enumerate(request.messages) if message["role"] == "user")
    done = sum(bool(message.get("tool_calls")) for message in request.messages[newest:])
    text = task.texts[done]
    pace = {"chunks": 8, "delay": 0.02 + 0.01 * (task.number % 8)}
    if done == len(task.steps):
        return Reply(text, **pace)
    return Reply(text, calls=tuple(map(call_of, task.steps[done])), **pace)


def call_of(tool_and_note):
    tool, note = tool_and_note
    match tool:
        case "list_notes":
            return call(tool)
        case "slow_note":
            return call(tool, name=note, seconds=SLOW_SECONDS)
        case _:
            return call(tool, name=note, text="x")
