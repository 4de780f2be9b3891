"""The application commands that the bot has registered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from playground.command_checks import check_command, check_unique
from playground.command_kinds import CHAT_INPUT, MESSAGE_MENU, USER_MENU
from playground.errors import DiscordError

if TYPE_CHECKING:
    from playground.snowflake import Snowflakes
    from playground.values import Json

# docs interactions/application-commands#registering-a-command: "100 global CHAT_INPUT commands", "15 global USER
# commands", "15 global MESSAGE commands", guilds the same.
MAX_COMMANDS = {CHAT_INPUT: 100, USER_MENU: 15, MESSAGE_MENU: 15}


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
    def integration_types(self) -> list[int]:
        """For whom the application must be installed: 0 the guild, 1 the user; by default the guild."""
        return self.body.get("integration_types") or [0]

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
        check_unique(names, "", "APPLICATION_COMMANDS_DUPLICATE_NAME")
        for kind in MAX_COMMANDS:
            _check_count(kind, sum(1 for _, one in names if one == kind))
        for stale in [one for one in self.of(guild_id) if (one.name, one.type) not in names]:
            del self._commands[stale.id]
        return [self.put(guild_id, body)[0] for body in bodies]

    def put(self, guild_id: int | None, body: Json) -> tuple[Command, bool]:
        """Register a command or replace the one of the same name and type.

        Returns:
            The command, and whether it is new.
        """
        check_command(body)
        kind = int(body.get("type") or CHAT_INPUT)
        known = self.find(guild_id, body["name"], kind=kind)
        if known is None:
            _check_count(kind, 1 + sum(1 for one in self.of(guild_id) if one.type == kind))
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
            "integration_types": command.integration_types,
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


def _check_count(kind: int, count: int) -> None:
    if count > MAX_COMMANDS[kind]:
        raise DiscordError(30032, message=f"Maximum number of application commands reached ({MAX_COMMANDS[kind]})")
