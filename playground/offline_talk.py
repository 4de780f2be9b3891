"""What the offline model says when it calls no tool: introductions, questions, results, and what it remembers."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

from playground.offline_arguments import fill
from playground.offline_plan import best
from playground.offline_schema import Parameter, Tool
from playground.offline_words import words_of

QUESTION = "I can do that with "
"""How a question for a missing argument begins, by which its answer is recognised."""

MOST_TOOLS, MOST_EXAMPLES, LONGEST_RESULT = 12, 3, 1500

_IAM = (
    "I am clew's offline model: a few rules in place of a language model, so that everything can be tried without a "
    "key or a network. Set `LITELLM_API_BASE` to use a real one."
)
_GREETING = re.compile(
    r"\s*(?:hi|hello|hey|hallo|good (?:morning|evening|afternoon)|help|who are you|what can you do)\b", re.I
)
_FACT = re.compile(r"\bmy ([\w ]{2,30}?) (?:is|are) ([^.!?\n]+)", re.I)
_ASKED_FACT = re.compile(r"\bwhat(?:'s| is| are| was) my ([\w ]{2,30}?)\s*\??\s*$", re.I)
_ASKED_HISTORY = re.compile(r"\bwhat (?:did|have) i (?:just )?(?:say|said|ask|asked|tell|told|write|written)\b", re.I)
_ASKED_PROMPT = re.compile(
    r"\b(?:your|the) (?:system prompt|instructions|prompt)\b.*\?|\bwhat are your instructions\b", re.I
)
_THANKS = re.compile(r"\s*(?:thanks|thank you|cheers|great|cool|ok(?:ay)?|bye|good ?bye|good night)\b[^?]{0,20}$", re.I)
_EXPLAIN = re.compile(r"\btool call\b.*\bexplain\b", re.I | re.S)
_SUMMARY = re.compile(r"\bsummari[sz]e\b.*\b(?:conversation|messages|chat|above|turns)\b", re.I | re.S)
_NOT_DONE = "refused|denied|declined|rejected|failed|stopped|cancell?ed|timed out"
_REFUSED = re.compile(
    rf"^[\W_]*(?:\w*error(?::| executing| calling)|(?:{_NOT_DONE})\b|there is no\b"
    r"|not (?:permitted|allowed|run|done)\b)"
    rf"|^(?:\w+ ){{1,5}}(?:was|were|has been|is) (?:{_NOT_DONE}|forbidden|not )"
    r"|^.{0,200}?(?:\bwas not run\b|\bnothing was (?:run|done)\b|\b(?:refused|declined|denied) (?:this|the) call\b"
    r"|\bdoes not allow\b|\bmay not call\b|\bfailed:|\bgave no answer\b|\bwent away\b|\bdo not fit\b|\bno such file\b)",
    re.I | re.S,
)
"""How results begin that tell of an error or a refusal; the protocol has no field for it."""


def small_talk(text: str, before: Sequence[str], system: str) -> str | None:
    """Answer what concerns the conversation itself.

    Args:
        text: What the user said.
        before: What the user said earlier.
        system: The system prompt.

    Returns:
        The answer, or None when a tool should be looked for.
    """
    if _EXPLAIN.search(text):
        return (
            "I chose this call since its name and description fit what you asked for. It would do what the card shows, "
            "with exactly these arguments."
        )
    if _SUMMARY.search(text) or system.lstrip().lower().startswith(("summarise", "summarize")):
        return "The user said: " + "; ".join(each[:120] for each in (before or (text,)))
    if asked := _ASKED_FACT.search(text):
        return _remembered(asked[1], before)
    if _THANKS.match(text):
        return "You are welcome."
    if _ASKED_HISTORY.search(text):
        said = "\n".join(f"> {each}" for each in before[-3:])
        return f"You said:\n{said}" if said else "This is the first thing you have said to me here."
    if _ASKED_PROMPT.search(text):
        return f"My instructions are:\n>>> {system.strip()}" if system.strip() else "I was given no instructions."
    told = _FACT.search(text)
    if told and not text.rstrip().endswith("?"):
        return f"I will remember that your {told[1].strip()} is {told[2].strip()}."
    return None


def introduction(tools: Sequence[Tool]) -> str:
    """Say what this model is, which tools it has and how to ask for them."""
    if not tools:
        return f"{_IAM}\n\nI have no tools here, so there is little I can do."
    names = ", ".join(f"`{tool.name}`" for tool in tools[:MOST_TOOLS])
    more = f" and {len(tools) - MOST_TOOLS} more" if len(tools) > MOST_TOOLS else ""
    examples = "\n".join(f"- {example}" for example in examples_of(tools))
    tried = f"\n\nTry for example:\n{examples}" if examples else ""
    return f"{_IAM}\n\nI can use these tools: {names}{more}.{tried}"


def examples_of(tools: Sequence[Tool]) -> list[str]:
    """Sentences that lead to some of these tools; every one is known to work."""
    prefixes = Counter(_name_words(tool)[0] for tool in tools)
    found: list[str] = []
    for tool in tools:
        sentence = _example(tool, shared=prefixes[_name_words(tool)[0]] > 1)
        if best(sentence, tools) == tool and not fill(tool, sentence)[0].missing:
            found.append(sentence)
    return found[:MOST_EXAMPLES]


def asked_for(tool: Tool, missing: Sequence[Parameter]) -> str:
    """Ask for required arguments in plain words."""
    names = [f"the {each.name.replace('_', ' ')}" for each in missing]
    listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    hints = [f" ({each.description.strip().rstrip('.')})" for each in missing[:1] if each.description]
    choices = [f" It can be {', '.join(map(str, each.choices))}." for each in missing if each.choices]
    return f"{QUESTION}`{tool.name}`, but I need to know {listed}{''.join(hints)}.{''.join(choices)} What should I use?"


def conclusion(results: Sequence[tuple[str, str]]) -> str:
    """Tell the results of calls, an error or a refusal as such.

    Args:
        results: Names of tools and what they answered.
    """
    counted = Counter(name for name, _ in results)
    return _joined([_told(name, result) for name, result in results if counted[name]])


def _joined(sentences: Sequence[str]) -> str:
    return ("\n" if any("\n" in each for each in sentences) else " ").join(sentences)


def _told(name: str, result: str) -> str:
    text = _readable(result)[:LONGEST_RESULT].strip()
    if _REFUSED.match(text):
        return f"`{name}` did not go through: {_ended(text)}"
    if not text:
        return f"`{name}` is done."
    if "\n" in text:
        return f"`{name}` answered:\n```\n{text.replace('```', '` ` `')}\n```"
    return f"`{name}` answered: {_ended(text)}"


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…", ")", "`", ">")) else text + "."


def _readable(result: str) -> str:
    """A JSON object of plain values as words; anything else as it is."""
    try:
        value: Any = json.loads(result)
    except json.JSONDecodeError:
        return result
    if not isinstance(value, dict):
        return str(cast("object", value)) if isinstance(value, str | int | float) else result
    fields = cast("dict[str, object]", value)
    if any(isinstance(each, dict | list) for each in fields.values()):
        return json.dumps(fields, indent=2, ensure_ascii=False)
    return ", ".join(f"{name.replace('_', ' ')} {each}" for name, each in fields.items())


def _remembered(fact: str, before: Sequence[str]) -> str:
    wanted = words_of(fact)
    for text in reversed(before):
        for told in _FACT.finditer(text):
            if words_of(told[1]) == wanted:
                return f"Your {fact.strip()} is {told[2].strip()}; you told me so."
    return f"You have not told me your {fact.strip()} in this conversation."


def _name_words(tool: Tool) -> list[str]:
    return re.sub(r"[\W_]+", " ", tool.name).lower().split() or [tool.name]


def _example(tool: Tool, *, shared: bool) -> str:
    """A sentence that asks for a tool; without the first word of its name where several tools share it."""
    if any("zone" in parameter.words for parameter in tool.parameters) and len(tool.parameters) == 1:
        return "what time is it in Tokyo?"
    name = _name_words(tool)
    samples = [_sample(parameter) for parameter in tool.parameters if parameter.required]
    return " ".join([*(name[1:] if shared and len(name) > 1 else name), *samples])


def _sample(parameter: Parameter) -> str:
    if parameter.choices:
        return str(parameter.choices[0])
    if parameter.kind in ("integer", "number"):
        return "5"
    for words, sample in _SAMPLES:
        if words & set(parameter.words):
            return sample
    return f'{parameter.name.replace("_", " ")} "hello"'


_SAMPLES = [
    ({"zone"}, "in Tokyo"),
    ({"file", "path", "filename"}, "notes.txt"),
    ({"url", "uri"}, "https://example.com"),
    ({"directory"}, "/docs"),
    ({"city", "location", "place"}, "in Paris"),
    ({"expression"}, "6 * 7"),
    ({"time"}, "14:30"),
]
