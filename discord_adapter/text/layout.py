"""How an answer is laid out: as messages, and as files where it or its code is too long to be read in a chat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from discord_adapter.text.code_blocks import CodeBlock, code_blocks, shown
from discord_adapter.text.lengths import units, whole
from discord_adapter.text.links import with_true_hosts
from discord_adapter.text.splitting import split
from discord_adapter.text.tables import rendered

if TYPE_CHECKING:
    from discord_adapter.settings import LayoutSettings

# Discord's documentation, "Uploading Files": 10 MiB a file; its OpenAPI document: ten files a message.
_MOST_BYTES = 8 * 1024 * 1024
_MOST_FILES = 10

_ANSWER = "answer.md"
_WHOLE_ELSEWHERE = f"-# The whole answer is in {_ANSWER} below."
_START_ELSEWHERE = f"-# The first 8 MiB of the answer are in {_ANSWER} below."
_MORE_TO_COME = "…"
# What is shown of an answer that is given as a file: at most this share of what would have been shown of the longest
# answer without one.
_PREVIEW = 1 / 3

_ENDINGS = {
    ending: names.split()
    for ending, names in {
        "py": "python py python3 py3",
        "js": "javascript js node mjs",
        "ts": "typescript ts",
        "jsx": "jsx",
        "tsx": "tsx",
        "sh": "bash sh shell zsh console shell-session",
        "ps1": "powershell ps1 pwsh",
        "bat": "batch bat cmd",
        "c": "c",
        "h": "h",
        "cpp": "cpp c++ cc cxx",
        "cs": "csharp cs c#",
        "fs": "fsharp fs f#",
        "java": "java",
        "kt": "kotlin kt",
        "swift": "swift",
        "go": "go golang",
        "rs": "rust rs",
        "rb": "ruby rb",
        "php": "php",
        "pl": "perl pl",
        "lua": "lua",
        "r": "r",
        "jl": "julia jl",
        "scala": "scala",
        "hs": "haskell hs",
        "ex": "elixir ex",
        "erl": "erlang erl",
        "clj": "clojure clj",
        "dart": "dart",
        "zig": "zig",
        "nix": "nix",
        "sql": "sql postgresql mysql sqlite",
        "html": "html htm",
        "css": "css",
        "scss": "scss",
        "vue": "vue",
        "svelte": "svelte",
        "svg": "svg",
        "xml": "xml",
        "json": "json",
        "jsonl": "jsonl",
        "yaml": "yaml yml",
        "toml": "toml",
        "ini": "ini",
        "csv": "csv",
        "md": "markdown md",
        "tex": "latex tex",
        "diff": "diff patch",
        "proto": "protobuf proto",
        "graphql": "graphql",
        "tf": "terraform hcl tf",
        "dockerfile": "dockerfile docker",
        "mk": "makefile make",
        "vim": "vim",
    }.items()
}
_ENDING_OF = {name: ending for ending, names in _ENDINGS.items() for name in names}


@dataclass(frozen=True, slots=True)
class File:
    """A file to hang on an answer's last message."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Layout:
    """An answer as it is shown.

    Attributes:
        parts: Its messages, each of what Discord takes and none blank; none for a blank answer.
        files: At most ten, each of at most 8 MiB.
    """

    parts: list[str]
    files: list[File]


def lay_out(text: str, settings: LayoutSettings, *, complete: bool, with_files: bool = True) -> Layout:
    """How an answer is shown, by now or in the end.

    Tables are rendered, long code becomes files, links show where they lead, and the rest is split into messages. Of an
    answer that is too long even so, the first messages are shown and the whole, exactly as the model wrote it, is a
    file. Code with backticks in threes inside can be shown, but not exactly (see `code_blocks.shown`); so it is a file
    beside.

    Args:
        text: The answer as the model wrote it, Markdown.
        settings: What is too long.
        complete: Whether it is all there; until then there are no files yet, and an ellipsis stands for what is only
            in a file. An answer that grows only changes what its last message shows, but for the two moments when
            something turns out to be too long: then it makes way for the line that says where it is.
        with_files: Whether there may be files; else all of it is in messages, however many these are.
    """
    text = whole(text)
    if not with_files:
        return Layout(_messages(text), [])
    words, files = _with_code_aside(text, settings)
    too_long = settings.file_over is not None and 0 < settings.file_over < len(words)
    parts = _messages(words[: settings.file_over] if too_long else words)
    if too_long:
        answer = text.encode()
        fits = len(answer) <= _MOST_BYTES
        note = _MORE_TO_COME if not complete else _WHOLE_ELSEWHERE if fits else _START_ELSEWHERE
        parts = [*_preview(parts), note]
        files.insert(0, File(_ANSWER, answer[:_MOST_BYTES].decode(errors="ignore").encode()))
    return Layout(parts, files if complete else [])


def _messages(text: str) -> list[str]:
    return split(with_true_hosts(shown(rendered(text))))


def _with_code_aside(text: str, settings: LayoutSettings) -> tuple[str, list[File]]:
    """The text without its long code blocks, and the files that hold them; one place is left for the whole answer."""
    pieces: list[str] = []
    files: list[File] = []
    at = 0
    for block in code_blocks(text):
        code = block.code(text)
        too_long = 0 < settings.code_file_over < len(code)
        inexact = block.closed and "```" in code
        if not (too_long or inexact) or len(files) + 1 >= _MOST_FILES or len(content := code.encode()) > _MOST_BYTES:
            continue
        file = File(_name(block, len(files) + 1), content)
        files.append(file)
        if too_long:
            pieces.append(f"{text[at : block.start]}{block.prefix}(see {file.name} below)")
        else:
            pieces.append(f"{text[at : block.end]}\n-# The exact text is in {file.name} below.")
        at = block.end
    return "".join([*pieces, text[at:]]), files


def _preview(parts: list[str]) -> list[str]:
    """The first messages of an answer that is given as a file: at least one."""
    room = sum(map(units, parts)) * _PREVIEW
    count = 1
    while count < len(parts) and sum(map(units, parts[: count + 1])) <= room:
        count += 1
    return parts[:count]


def _name(block: CodeBlock, number: int) -> str:
    """A file name that says what is inside, made of nothing that the model wrote."""
    language = block.info.split()[0].lower() if block.info else ""
    return f"code-{number}.{_ENDING_OF.get(language.strip('{}.'), 'txt')}"
