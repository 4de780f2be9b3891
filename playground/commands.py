"""The application commands that the bot has registered, and the rules they must keep."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playground.errors import DiscordError, invalid_form

if TYPE_CHECKING:
    from playground.snowflake import Snowflakes
    from playground.values import Json

CHAT_INPUT = 1  # docs interactions/application-commands#application-command-object-application-command-types
SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN = 1, 2, 3, 4, 5
USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = 6, 7, 8, 9, 10, 11

# docs interactions/application-commands#application-command-object-application-command-naming; \w stands for
# \p{L} and \p{N}, and marks of Devanagari and Thai are left out (assumed near enough).
_NAME = re.compile(r"[-_'\w]{1,32}")
_MAX_DESCRIPTION = 100
_MAX_OPTIONS = 25
_MAX_CHOICES = 25
# "a maximum of 8000 characters for combined name, description, and value properties" (docs, limits).
_MAX_SIZE = 8000
# docs interactions/application-commands#registering-a-command: "100 global CHAT_INPUT commands", guilds the same.
_MAX_COMMANDS = 100


@dataclass(frozen=True, slots=True)
class Command:
    """A registered command.

    Attributes:
        guild_id: The guild it is for; None for a global one.
        version: Changes whenever the command does.
        default_member_permissions: Bits a member needs to see it; None for everybody, 0 for administrators.
        body: What the bot registered, completed as Discord answers it.
    """

    id: int
    guild_id: int | None
    version: int
    type: int
    name: str
    description: str
    default_member_permissions: int | None
    body: Json

    @property
    def options(self) -> list[Json]:
        """Its options or subcommands."""
        return self.body.get("options") or []

    @property
    def in_dms(self) -> bool:
        """Whether it can be used in direct messages with the bot (context 1, or the older dm_permission)."""
        contexts: list[int] | None = self.body.get("contexts")
        return self.body.get("dm_permission") is not False if contexts is None else 1 in contexts

    @property
    def in_guilds(self) -> bool:
        """Whether it can be used in guilds (context 0)."""
        contexts: list[int] | None = self.body.get("contexts")
        return contexts is None or 0 in contexts


class CommandBook:
    """All registered commands, global ones and those of guilds."""

    def __init__(self, snowflakes: Snowflakes, application_id: int) -> None:
        self._snowflakes = snowflakes
        self._application_id = application_id
        self._commands: dict[int, Command] = {}

    def all(self) -> list[Command]:
        """Give every command."""
        return list(self._commands.values())

    def of(self, guild_id: int | None) -> list[Command]:
        """Give the commands of a guild, or the global ones."""
        return [one for one in self._commands.values() if one.guild_id == guild_id]

    def get(self, guild_id: int | None, command_id: int) -> Command:
        """Give one command."""
        found = self._commands.get(command_id)
        if found is None or found.guild_id != guild_id:
            raise DiscordError(10063)
        return found

    def find(self, guild_id: int | None, name: str, *, kind: int = CHAT_INPUT) -> Command | None:
        """Find a command by name."""
        return next((one for one in self.of(guild_id) if one.name == name and one.type == kind), None)

    def overwrite(self, guild_id: int | None, bodies: list[Json]) -> list[Command]:
        """Replace all commands of a place; those with a known name keep their id (docs: bulk overwrite)."""
        for index, body in enumerate(bodies):
            check_command(body, f"{index}.")
        names = [(one["name"], one.get("type") or CHAT_INPUT) for one in bodies]
        _check_unique(names, "", "APPLICATION_COMMANDS_DUPLICATE_NAME")
        if len(bodies) > _MAX_COMMANDS:
            raise DiscordError(30032)
        kept = [self.put(guild_id, body)[0] for body in bodies]
        ids = {one.id for one in kept}
        for stale in [one for one in self.of(guild_id) if one.id not in ids]:
            del self._commands[stale.id]
        return kept

    def put(self, guild_id: int | None, body: Json) -> tuple[Command, bool]:
        """Register a command or replace the one of the same name and type.

        Returns:
            The command, and whether it is new.
        """
        check_command(body)
        known = self.find(guild_id, body["name"], kind=int(body.get("type") or CHAT_INPUT))
        return self._keep(guild_id, body, known), known is None

    def patch(self, guild_id: int | None, command_id: int, changes: Json) -> Command:
        """Change some fields of a command."""
        known = self.get(guild_id, command_id)
        body = known.body | changes
        check_command(body)
        return self._keep(guild_id, body, known)

    def delete(self, guild_id: int | None, command_id: int) -> None:
        """Remove a command."""
        del self._commands[self.get(guild_id, command_id).id]

    def _keep(self, guild_id: int | None, body: Json, known: Command | None) -> Command:
        command_id = self._snowflakes.next() if known is None else known.id
        bits = body.get("default_member_permissions")
        command = Command(
            id=command_id,
            guild_id=guild_id,
            version=self._snowflakes.next(),
            type=int(body.get("type") or CHAT_INPUT),
            name=body["name"],
            description=body.get("description") or "",
            default_member_permissions=None if bits is None else int(bits),
            body=body,
        )
        self._commands[command_id] = command
        return command

    def shape(self, command: Command) -> Json:
        """Shape a command as Discord answers it (OpenAPI ApplicationCommandResponse)."""
        bits = command.default_member_permissions
        shape: Json = {
            "id": str(command.id),
            "application_id": str(self._application_id),
            "version": str(command.version),
            "type": command.type,
            "name": command.name,
            "name_localizations": command.body.get("name_localizations"),
            "description": command.description,
            "description_localizations": command.body.get("description_localizations"),
            "default_member_permissions": None if bits is None else str(bits),
            "dm_permission": command.in_dms,
            "contexts": command.body.get("contexts"),
            "integration_types": command.body.get("integration_types") or [0],
            "nsfw": bool(command.body.get("nsfw")),
        }
        if command.options:
            shape["options"] = [_shaped_option(option) for option in command.options]
        return shape if command.guild_id is None else shape | {"guild_id": str(command.guild_id)}


def _shaped_option(option: Json) -> Json:
    """Leave out what is null, as Discord does (assumed; the OpenAPI document allows few nulls here)."""
    shape = {key: value for key, value in option.items() if value is not None}
    nested: list[Json] | None = shape.get("options")
    if nested is not None:
        shape["options"] = [_shaped_option(inner) for inner in nested]
    return shape


def check_command(body: Json, path: str = "") -> None:
    """Refuse a command that breaks a rule (docs application-commands#application-command-object).

    Args:
        body: What the bot sent.
        path: Where it stands in the request, ending in a dot.
    """
    name = str(body.get("name") or "")
    if int(body.get("type") or CHAT_INPUT) == CHAT_INPUT:
        _check_name(name, path)
        _check_description(body, path)
        _check_options(body.get("options") or [], path)
        if _size(body) > _MAX_SIZE:
            text = f"Command exceeds maximum size ({_MAX_SIZE})"
            raise invalid_form(path.rstrip("."), "APPLICATION_COMMAND_TOO_LARGE", text)
    elif not 1 <= len(name) <= 32:
        raise invalid_form(f"{path}name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 32 in length.")


def _size(body: Json) -> int:
    """Count the characters of a command, its options and their choices."""
    own = sum(len(str(body.get(key) or "")) for key in ("name", "description", "value"))
    nested: list[Json] = [*(body.get("options") or []), *(body.get("choices") or [])]
    return own + sum(_size(one) for one in nested)


def _check_name(name: str, path: str) -> None:
    if _NAME.fullmatch(name) is None or name != name.lower():
        raise invalid_form(f"{path}name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _check_description(body: Json, path: str) -> None:
    if not 1 <= len(str(body.get("description") or "")) <= _MAX_DESCRIPTION:
        text = f"Must be between 1 and {_MAX_DESCRIPTION} in length."
        raise invalid_form(f"{path}description", "BASE_TYPE_BAD_LENGTH", text)


def _check_options(options: list[Json], path: str) -> None:
    """Check options: at most 25, of different names, the required ones first, subcommands with their own."""
    if len(options) > _MAX_OPTIONS:
        raise invalid_form(f"{path}options", "BASE_TYPE_BAD_LENGTH", f"Must be {_MAX_OPTIONS} or fewer in length.")
    optional_seen = False
    for index, option in enumerate(options):
        place = f"{path}options.{index}."
        _check_name(str(option.get("name") or ""), place)
        _check_description(option, place)
        if option.get("required") and optional_seen:
            text = "Required options must be placed before non-required options"
            raise invalid_form(place.rstrip("."), "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", text)
        optional_seen = optional_seen or not option.get("required")
        if len(option.get("choices") or []) > _MAX_CHOICES:
            text = f"Must be {_MAX_CHOICES} or fewer in length."
            raise invalid_form(f"{place}choices", "BASE_TYPE_BAD_LENGTH", text)
        _check_options(option.get("options") or [], place)
    names = [(option["name"],) for option in options]
    _check_unique(names, f"{path}options.", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS")


def _check_unique(keys: list[tuple[Any, ...]], path: str, code: str) -> None:
    repeated = next((index for index, key in enumerate(keys) if key in keys[:index]), None)
    if repeated is not None:
        raise invalid_form(f"{path}{repeated}.name", code, "Name already exists")
