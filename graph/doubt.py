"""Calls in doubt: what was running when the process died, and what a person says is to become of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from checkpoints.cards import Decision
from tools.tool import ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graph.state import Call, Decided


class Doubt(TypedDict):
    """What the interrupt of a call in doubt carries.

    Attributes:
        call: The call.
        run: Which run of it, from 0; "run again" is the next one.
        arguments: What it was running with: the model's, or those a person put in their place.
        fingerprint: Of its name and these arguments.
    """

    call: Call
    run: int
    arguments: dict[str, Any]
    fingerprint: str


class CallInDoubt(ToolError):  # noqa: N818 - named as the tool errors are, for what went wrong
    """A call that was running when the process died; whether it had its effect is not known.

    Attributes:
        run: Which run of it.
        arguments: What it was running with.
        fingerprint: Of its name and these arguments.
    """

    def __init__(self, name: str, run: int, arguments: dict[str, Any], fingerprint: str) -> None:
        super().__init__(
            f"The program stopped while {name} was running. Whether it had its effect is not known, and it was not "
            "run again. Tell the user so, and look at the result by other means before anything is repeated."
        )
        self.run = run
        self.arguments = arguments
        self.fingerprint = fingerprint

    def doubt(self, call: Call) -> Doubt:
        """What is asked about it."""
        return Doubt(call=call, run=self.run, arguments=self.arguments, fingerprint=self.fingerprint)


Words = dict[str, "Decided"]
"""What people said about the runs of a call that were in doubt, by the run's number as text."""


def word_about(words: Mapping[str, Decided], doubt: CallInDoubt) -> Decision:
    """What a person said about a run in doubt.

    Raises:
        CallInDoubt: Nobody has said anything yet, or about something else.
    """
    word = words.get(str(doubt.run))
    if word is None or word["fingerprint"] != doubt.fingerprint:
        raise doubt
    return Decision(word["decision"])


def taken_as_done(name: str) -> str:
    """What the model is told of a call that a person took as done."""
    return (
        f"The program stopped while {name} was running, so its result is not known. A person looked at it and takes it "
        "as done: go on as if it had succeeded, and do not call it again for the same thing."
    )


def given_up(name: str) -> str:
    """What the model is told of a call that a person gave up, or that nobody said anything about in time."""
    return (
        f"The program stopped while {name} was running. Whether it had its effect is not known; it was not run again, "
        "and it is not to be. Tell the user so."
    )


def cut_off_before(name: str) -> str:
    """What the model is told beside the error of a call that was to run again."""
    return (
        f"An earlier run of {name} was cut off when the program stopped, and whether that one had its effect is not "
        "known. Tell the user so."
    )
