"""A model that says what a test has written down for it."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace

from playground.answers import Answer, Fault, Gate, Reply, Request, ToolCall

Part = Reply | Fault | ToolCall
Rule = Callable[[Request], Answer | ToolCall]


class Scripted:
    """Answers from rules, then from a queue, then from `default`.

    Attributes:
        default: What answers when no rule fits and the queue is empty; a 500 that says so unless replaced.
    """

    def __init__(self) -> None:
        self.default: Rule = _ended
        self._queue: deque[Rule] = deque()
        self._rules: list[tuple[Callable[[Request], bool], Rule]] = []
        self._gates: deque[Gate] = deque()

    @property
    def remaining(self) -> int:
        """How many queued answers were not asked for yet."""
        return len(self._queue)

    def then(self, *parts: Part | Rule, text: str = "") -> None:
        """Queue one answer.

        Args:
            *parts: One reply, one fault, one function of the request, or any number of tool calls.
            text: What is said before the tool calls.
        """
        self._queue.append(_rule(parts, text))

    def when(self, fits: Callable[[Request], bool], *parts: Part | Rule, text: str = "") -> None:
        """Answer every request that fits with the same, before the queue is looked at.

        Args:
            fits: Whether the rule is for this request; the first rule that fits answers.
            *parts: As for `then`.
            text: What is said before the tool calls.
        """
        self._rules.append((fits, _rule(parts, text)))

    def hold(self) -> Gate:
        """Let the next reply that is not a fault stop half way until the gate is released."""
        gate = Gate()
        self._gates.append(gate)
        return gate

    def answer(self, request: Request) -> Answer:
        """Give the answer to one request."""
        answer = _as_answer(self._choose(request)(request))
        if isinstance(answer, Reply) and answer.gate is None and self._gates:
            return replace(answer, gate=self._gates.popleft())
        return answer

    def _choose(self, request: Request) -> Rule:
        for fits, rule in self._rules:
            if fits(request):
                return rule
        return self._queue.popleft() if self._queue else self.default


def _rule(parts: tuple[Part | Rule, ...], text: str) -> Rule:
    if len(parts) == 1 and callable(parts[0]):
        return parts[0]
    calls = tuple(part for part in parts if isinstance(part, ToolCall))
    if calls and len(calls) == len(parts):
        reply = Reply(text=text, calls=calls)
        return lambda _: reply
    if len(parts) == 1 and isinstance(parts[0], Reply | Fault):
        answer = parts[0]
        return lambda _: answer
    raise TypeError("An answer is one reply, one fault, one function, or any number of tool calls.")


def _as_answer(answer: Answer | ToolCall) -> Answer:
    return Reply(calls=(answer,)) if isinstance(answer, ToolCall) else answer


def _ended(request: Request) -> Answer:
    words = request.last_user_text[:80]
    message = f"The script has ended and no rule fits; the user's last message was {words!r}."
    return Fault(status=500, body={"error": {"message": message, "type": "server_error", "param": None, "code": None}})
