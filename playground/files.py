"""An MCP server over one folder, for the demo: what reads runs by itself, what changes something asks first.

python playground/files.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from mcp.server.fastmcp import FastMCP
from mcp.types import ToolAnnotations

_READS = ToolAnnotations(readOnlyHint=True, openWorldHint=False)
_WRITES = ToolAnnotations(readOnlyHint=False, destructiveHint=False, openWorldHint=False)
_DESTROYS = ToolAnnotations(readOnlyHint=False, destructiveHint=True, openWorldHint=False)


def serve(folder: Path) -> FastMCP:
    """The server of a folder; names are plain file names, nothing outside the folder can be reached."""
    server = FastMCP("files", log_level="WARNING")

    def path(name: str) -> Path:
        if Path(name).name != name or name in ("", ".", ".."):
            raise ValueError(f"{name!r} is not a plain file name")
        return folder / name

    @server.tool(annotations=_READS, structured_output=False)
    def list_files() -> str:  # pyright: ignore[reportUnusedFunction] - the server keeps it
        """List the names of all files."""
        return "\n".join(sorted(entry.name for entry in folder.iterdir())) or "There are no files."

    @server.tool(annotations=_READS, structured_output=False)
    def read_file(name: str) -> str:  # pyright: ignore[reportUnusedFunction] - the server keeps it
        """Read a file."""
        return path(name).read_text("utf-8")

    @server.tool(annotations=_WRITES, structured_output=False)
    def write_file(name: str, text: str) -> str:  # pyright: ignore[reportUnusedFunction] - the server keeps it
        """Write a file, in place of what was there."""
        path(name).write_text(text, "utf-8")
        return f"{name} is written."

    @server.tool(annotations=_DESTROYS, structured_output=False)
    def delete_file(name: str) -> str:  # pyright: ignore[reportUnusedFunction] - the server keeps it
        """Delete a file for good."""
        path(name).unlink()
        return f"{name} is deleted."

    return server


if __name__ == "__main__":
    serve(Path(sys.argv[1])).run()
