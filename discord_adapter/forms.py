"""The form in which a person edits the arguments of a call before it runs."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, cast

import discord

from discord_adapter.choices import Verb, custom_id
from discord_adapter.files.downloads import DownloadError, TooLargeError, download, open_session
from discord_adapter.plain import exact
from discord_adapter.text.lengths import units
from tools.json_text import read_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from checkpoints.cards import Approval
    from graph.redacting import Redactor

# Discord's documentation, components/reference, text input: `value` and `max_length` are at most 4,000.
LONGEST_FIELD = 4000

# What a file of arguments may have (bytes), and how long it may take to come (seconds).
LARGEST_FILE = 1024 * 1024
_FETCH_TIMEOUT = 20

_FIELD, _FILE = "arguments", "file"

_Interaction = discord.Interaction[discord.Client]


class FormError(Exception):
    """What came with the form cannot be taken; the text is one sentence for the person."""


async def show_form(interaction: _Interaction, approval: Approval, redact: Redactor) -> None:
    """Answer a press with the form: a field with the arguments, or, where they are too long for one, a file to send.

    In that case the arguments as they are come as a file that only the person sees, to be changed and sent back.

    Args:
        interaction: The press.
        approval: The card.
        redact: Takes out secrets that became known after the card was asked.
    """
    text = redact(exact(approval.arguments))
    modal = discord.ui.Modal(title="Edit the arguments", custom_id=custom_id(Verb.EDIT, approval.id))
    fits = units(text) <= LONGEST_FIELD
    modal.add_item(_field(text) if fits else _upload())
    # discord.py is not to remember it: `discord_adapter.presses` knows what comes back by its `custom_id`.
    modal.stop()
    await interaction.response.send_modal(modal)
    if not fits:
        file = discord.File(io.BytesIO(text.encode()), filename="arguments.json")
        await interaction.followup.send("The arguments as they are, for you to change:", file=file, ephemeral=True)


def _field(text: str) -> discord.ui.Label[Any]:
    component = discord.ui.TextInput[Any](
        custom_id=_FIELD, style=discord.TextStyle.long, default=text, max_length=LONGEST_FIELD
    )
    return discord.ui.Label(
        text="Arguments", description="A JSON object; a new card asks about what you send.", component=component
    )


def _upload() -> discord.ui.Label[Any]:
    return discord.ui.Label(
        text="Arguments",
        description="A JSON file (UTF-8) with one object; a new card asks about what you send.",
        component=discord.ui.FileUpload[Any](custom_id=_FILE, min_values=1, max_values=1),
    )


async def arguments_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that came with a form.

    Args:
        data: The interaction's data (Discord's documentation, modal submit data structure).

    Raises:
        FormError: They cannot be read.
    """
    for field in _fields(data.get("components", ())):
        if field.get("custom_id") == _FIELD:
            return parsed(field.get("value", ""))
        if field.get("custom_id") == _FILE:
            files: Mapping[str, Any] = data.get("resolved", {}).get("attachments", {})
            return parsed(await _fetched([files[one] for one in field.get("values", ()) if one in files]))
    raise FormError("Nothing came with the form, so nothing was changed.")


def parsed(text: str) -> dict[str, Any]:
    """The arguments that a JSON text is.

    Raises:
        FormError: It is not JSON, or no object.
    """
    try:
        found = read_json(text, _once)
    except json.JSONDecodeError as error:
        raise FormError(
            f"This is not JSON (line {error.lineno}, column {error.colno}), so nothing was changed."
        ) from None
    except ValueError as error:
        raise FormError(f"{error}, so nothing was changed.") from None
    if not isinstance(found, dict):
        raise FormError("This is JSON but no object, as in {…}, so nothing was changed.")
    return cast("dict[str, Any]", found)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("A name stands in it twice")
    return dict(pairs)


def _fields(components: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Every field of a form, out of its labels and rows."""
    for one in components:
        if "component" in one:
            yield from _fields([one["component"]])
        elif "components" in one:
            yield from _fields(one["components"])
        else:
            yield one


async def _fetched(files: list[Mapping[str, Any]]) -> str:
    if not files:
        raise FormError("No file came with the form, so nothing was changed.")
    try:
        async with open_session(_FETCH_TIMEOUT) as session:
            found = await download(session, files[0]["url"], limit=LARGEST_FILE)
    except TooLargeError:
        raise FormError(f"The file has more than {LARGEST_FILE // 1024} KiB, so nothing was changed.") from None
    except DownloadError as error:
        raise FormError("The file could not be read from Discord, so nothing was changed.") from error
    try:
        return found.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FormError("The file is not UTF-8, so nothing was changed.") from None
