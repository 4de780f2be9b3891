"""Words of plain requests and of tools' names, brought to a common form so that they can be compared."""

import re

SYNONYMS = {
    word: group
    for group, words in {
        "time": "clock hour now oclock datetime",
        "zone": "timezone timezones tz",
        "delete": "remove erase unlink trash rm discard",
        "create": "make new add_new mkdir",
        "write": "save store put",
        "read": "open cat view contents content",
        "list": "ls enumerate",
        "search": "find look lookup query grep google",
        "fetch": "download retrieve crawl scrape",
        "send": "post deliver",
        "weather": "forecast temperature rain sunny",
        "calculate": "compute calculator calculation evaluate math maths arithmetic",
        "add": "sum plus total addition",
        "subtract": "minus subtraction difference",
        "multiply": "product multiplication",
        "translate": "translation translator",
        "convert": "conversion converter",
        "remind": "reminder alarm remember",
        "echo": "repeat parrot",
        "directory": "folder dir directories",
        "file": "document doc files txt",
        "user": "member person people",
        "history": "log logs past",
        "edit": "update change modify replace",
        "rename": "move mv",
        "copy": "duplicate cp",
        "roll": "dice die",
        "summarise": "summarize summary",
        "url": "link website webpage site page",
    }.items()
    for word in words.split()
}
_ACTIONS = """
    delete create write read list search fetch send calculate add subtract multiply translate convert remind echo edit
    rename copy roll summarise ban kick mute pin unpin start stop close run purge set clear
"""
ACTIONS = frozenset(_ACTIONS.split())
"""Verbs of which a request and a tool must not disagree."""

_SMALL_WORDS = """
    a an the of to in on at for from by with and or then is it its this that these those be are was do does did me my
    you your i we us our what whats which who when where how please can could would will shall tell show give get use
    using tool tools any some there here as if not no into about also just let want need like
"""
_STOP = frozenset(_SMALL_WORDS.split())
_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def words_of(text: str) -> list[str]:
    """The meaningful words of a text or a tool's name in their common form, in order and without doubles."""
    raw = [word.lower() for word in _WORD.findall(_CAMEL.sub(" ", text).replace("'", ""))]
    common = [common_form(word) for word in raw if word not in _STOP]
    return list(dict.fromkeys(word for word in common if word not in _STOP))


def common_form(word: str) -> str:
    """A word without its ending and, where it is a synonym, the name of its group."""
    if word in SYNONYMS:
        return SYNONYMS[word]
    stem = _stem(word)
    return SYNONYMS.get(stem, stem)


def _stem(word: str) -> str:
    for ending, kept in (("ies", "y"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return _restored(word.removesuffix(ending) + kept)
    return word


def _restored(stem: str) -> str:
    """Give back the e that an ending swallowed: delet(ing) is delete."""
    known = (ACTIONS | set(SYNONYMS.values())) - {stem}
    return stem + "e" if stem + "e" in known else stem


def spoken_form(text: str) -> str:
    """A text in lower case with nothing but single spaces between its words."""
    return re.sub(r"[\W_]+", " ", text).lower().strip()
