"""Makes the poll of a message from the request for one (docs resources/poll)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from playground.errors import invalid_form

if TYPE_CHECKING:
    from playground.values import Json

# docs resources/poll: lengths of the question and of an answer, number of answers, hours it may be open.
MAX_QUESTION, MAX_ANSWER, MAX_ANSWERS, MAX_HOURS = 300, 55, 10, 32 * 24


def made(now: dt.datetime, request: Json) -> Json:
    """Give a poll as it is read (docs resources/poll#poll-object); nobody has voted yet.

    Args:
        now: When it is asked.
        request: The poll create request object.
    """
    hours = int(request.get("duration") or 24)
    answers: list[Json] = request.get("answers") or []
    question = str(request["question"].get("text") or "")
    if not 1 <= len(question) <= MAX_QUESTION:
        raise _length("poll.question.text", MAX_QUESTION)
    if not 1 <= len(answers) <= MAX_ANSWERS:
        raise _length("poll.answers", MAX_ANSWERS)
    for number, answer in enumerate(answers):
        if not 1 <= len(str(answer["poll_media"].get("text") or "")) <= MAX_ANSWER:
            raise _length(f"poll.answers.{number}.poll_media.text", MAX_ANSWER)
    if not 1 <= hours <= MAX_HOURS:
        raise invalid_form("poll.duration", "NUMBER_TYPE_MAX", f"int value should be between 1 and {MAX_HOURS}.")
    return {
        "question": {"text": question},
        "answers": [{"answer_id": at, "poll_media": one["poll_media"]} for at, one in enumerate(answers, 1)],
        "expiry": (now + dt.timedelta(hours=hours)).isoformat(),
        "allow_multiselect": bool(request.get("allow_multiselect")),
        "layout_type": 1,
        "results": {"answer_counts": [], "is_finalized": False},
    }


def _length(path: str, limit: int) -> Exception:
    return invalid_form(path, "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {limit} in length.")
