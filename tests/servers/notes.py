"""An MCP server that keeps notes and writes down every call, so that tests can count what really ran.

    python tests/servers/notes.py               speaks over standard input and output
    python tests/servers/notes.py --http PORT   speaks streamable HTTP at http://127.0.0.1:PORT/mcp
    python tests/servers/notes.py --sse PORT    speaks the older SSE at http://127.0.0.1:PORT/sse

Environment:
    NOTES_DIR    folder of the notes, one NAME.txt each
    NOTES_COUNT  file to which each executed call appends a line "tool_name json_args"
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
from pathlib import Path

from mcp.server.fastmcp import Context, FastMCP
from mcp.server.fastmcp.utilities.types import Image
from mcp.types import ToolAnnotations

READ = ToolAnnotations(readOnlyHint=True, openWorldHint=False)
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c02"
    "0000000b4944415478da6364f8ff1f0003030200efe3d5fd0000000049454e44ae426082"
)

server = FastMCP("notes", log_level="WARNING")


def count(tool: str, /, **arguments: object) -> None:
    """Write down that a tool is running; O_APPEND keeps lines of parallel calls whole."""
    with Path(os.environ["NOTES_COUNT"]).open("a", encoding="utf-8") as file:
        file.write(f"{tool} {json.dumps(arguments, sort_keys=True)}\n")


def note(name: str) -> Path:
    if not re.fullmatch(r"[\w-]+", name):
        raise ValueError(f"{name!r} is no name for a note")
    return Path(os.environ["NOTES_DIR"]) / f"{name}.txt"


@server.tool(annotations=READ, structured_output=False)
def list_notes() -> str:
    """List the names of all notes."""
    count("list_notes")
    return "\n".join(sorted(path.stem for path in Path(os.environ["NOTES_DIR"]).glob("*.txt"))) or "no notes"


@server.tool(annotations=READ, structured_output=False)
def read_note(name: str) -> str:
    """Read a note."""
    count("read_note", name=name)
    return note(name).read_text(encoding="utf-8")


@server.tool(structured_output=False)
def write_note(name: str, text: str) -> str:
    """Write a note."""
    count("write_note", name=name, text=text)
    note(name).write_text(text, encoding="utf-8")
    return f"wrote {name}"


@server.tool(annotations=ToolAnnotations(readOnlyHint=False, destructiveHint=True), structured_output=False)
def delete_note(name: str) -> str:
    """Delete a note for good."""
    count("delete_note", name=name)
    note(name).unlink()
    return f"deleted {name}"


@server.tool(structured_output=False)
async def slow_note(name: str, seconds: float) -> str:
    """Write a note slowly: counted as slow_note at its start and as slow_note.done at its end."""
    count("slow_note", name=name, seconds=seconds)
    await asyncio.sleep(seconds)
    note(name).write_text("slow", encoding="utf-8")
    count("slow_note.done", name=name, seconds=seconds)
    return f"wrote {name} slowly"


@server.tool(structured_output=False)
def fail(message: str) -> str:
    """Fail with a message."""
    count("fail", message=message)
    raise ValueError(message)


@server.tool(annotations=READ, structured_output=False)
def picture() -> Image:
    """Show a picture of one pixel."""
    count("picture")
    return Image(data=PIXEL, format="png")


@server.tool(annotations=READ)
def statistics() -> dict[str, int]:
    """Count notes; answers with structured content."""
    count("statistics")
    return {"notes": len(list(Path(os.environ["NOTES_DIR"]).glob("*.txt")))}


@server.tool(annotations=READ, structured_output=False)
def process() -> str:
    """Tell the server's process id and the names of its environment variables, as JSON."""
    count("process")
    return json.dumps({"pid": os.getpid(), "environment": sorted(os.environ)})


@server.tool(structured_output=False)
async def learn(name: str, context: Context) -> str:
    """Gain another tool, and say so to the client."""
    count("learn", name=name)
    server.add_tool(lambda: name, name=name, description="Says its name.")
    await context.session.send_tool_list_changed()
    return f"learnt {name}"


@server.tool()
def crash() -> str:
    """End the server's process at once."""
    count("crash")
    os._exit(3)


def main() -> None:
    parser = argparse.ArgumentParser(description="An MCP server that keeps notes.")
    parser.add_argument("--http", type=int, metavar="PORT", help="speak streamable HTTP on this port")
    parser.add_argument("--sse", type=int, metavar="PORT", help="speak SSE on this port")
    arguments = parser.parse_args()
    if arguments.http:
        server.settings.port = arguments.http
        server.run("streamable-http")
    elif arguments.sse:
        server.settings.port = arguments.sse
        server.run("sse")
    else:
        server.run("stdio")


if __name__ == "__main__":
    main()
