"""One Settings tree, put together from each room's own settings: environment, `.env`, and `clew.toml`."""

from __future__ import annotations

import os
import socket
import tomllib
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, DotEnvSettingsSource, SettingsConfigDict

from checkpoints.place import DEFAULT_URL, DatabaseError, place_of
from discord_adapter.access_settings import AccessSettings
from discord_adapter.settings import AttachmentSettings, DiscordSettings, DiscordTable, LayoutSettings
from graph.approval_settings import ApprovalSettings
from graph.conversation_settings import ConversationSettings
from graph.model_settings import ModelSettings
from graph.rates import LimitSettings
from prompts.resolve import PromptSettings
from tools.mcp_secrets import secrets_in, secrets_in_address
from tools.settings import ToolSettings

if TYPE_CHECKING:
    from collections.abc import Callable


class SettingsError(Exception):
    """Settings that clew cannot run with; the text names each one and what it should be."""


class Environment(BaseSettings):
    """What is set by environment variables or in `.env`; the names are the variables' own."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore")

    discord_token: SecretStr | None = Field(default=None, description="the bot's token (Developer Portal, Bot)")
    litellm_api_base: str | None = Field(default=None, description="LiteLLM's address, with or without /v1")
    litellm_api_key: SecretStr | None = Field(default=None, description="a key of the LiteLLM proxy")
    model_name: str | None = Field(default=None, description="the model's name at the proxy")
    system_prompt: str | None = Field(default=None, description="the system prompt, in place of the shipped one")
    system_prompt_file: Path | None = Field(
        default=None, description="a file with the system prompt, read again when it changes; goes before SYSTEM_PROMPT"
    )
    clew_database_url: str = Field(
        default=DEFAULT_URL, description="the database, sqlite:///path or postgresql://user:password@host/name"
    )
    clew_owner: str = Field(
        default_factory=socket.gethostname,
        description="this process's name among those that share a PostgreSQL database; the same after a restart",
    )
    clew_config: Path = Field(default=Path("clew.toml"), description="the configuration file; need not be there")
    clew_mcp_config: Path | None = Field(
        default=None, description="the file that names the MCP servers (mcp.json, which need not be there)"
    )
    clew_discord_url: str | None = Field(
        default=None, description="address of a local Discord, for trying clew; Discord itself when unset"
    )


class ModelTable(BaseModel):
    """The table `[model]` of clew.toml."""

    model_config = ConfigDict(extra="forbid")

    timeout: float | None = None
    call_timeout: float | None = None
    retries: int | None = None
    retry_seconds: float | None = None
    window_tokens: int | None = None
    step_limit: int | None = None


class ConfigFile(BaseModel):
    """What stands in clew.toml."""

    model_config = ConfigDict(extra="forbid")

    discord: DiscordTable = Field(default_factory=DiscordTable)
    model: ModelTable = Field(default_factory=ModelTable)
    tools: ToolSettings = Field(default_factory=ToolSettings)
    approvals: ApprovalSettings = Field(default_factory=ApprovalSettings)
    attachments: AttachmentSettings = Field(default_factory=AttachmentSettings)
    answers: LayoutSettings = Field(default_factory=LayoutSettings)
    conversations: ConversationSettings = Field(default_factory=ConversationSettings)
    access: AccessSettings = Field(default_factory=AccessSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)


class Settings:
    """Everything that can be set. Each part is checked when it is asked for, so a command asks for what it needs."""

    def __init__(self, environment: Environment, file: ConfigFile) -> None:
        self._environment = environment
        self._file = file

    @classmethod
    def load(cls) -> Settings:
        """The settings of this process.

        Raises:
            SettingsError: A variable or the configuration file cannot be read.
        """
        environment = _environment()
        return cls(environment, _config_file(environment.clew_config))

    @classmethod
    def load_leniently(cls) -> tuple[Settings, list[str]]:
        """What can be read of the settings, for `clew doctor`, and a sentence for each thing that cannot."""
        problems: list[str] = []
        try:
            environment = _environment()
        except SettingsError as error:
            problems += str(error).splitlines()
            without_file: dict[str, Any] = {"_env_file": None}
            environment = Environment(**without_file)
        try:
            file = _config_file(environment.clew_config)
        except SettingsError as error:
            problems += str(error).splitlines()
            file = ConfigFile()
        return cls(environment, file), problems

    @property
    def config_path(self) -> Path:
        """The configuration file, which need not be there."""
        return self._environment.clew_config

    @property
    def variables(self) -> dict[str, str]:
        """What `${VAR}` in mcp.json can stand for: the process's environment before what `.env` says."""
        return {**dotenv(), **os.environ}

    @property
    def database_url(self) -> str:
        """The database's URL."""
        return self._environment.clew_database_url

    @property
    def owner(self) -> str:
        """This process's name among those that share a database."""
        return self._environment.clew_owner

    @cached_property
    def discord(self) -> DiscordSettings:
        """How to reach Discord."""
        token = self._environment.discord_token
        if token is None:
            raise SettingsError("DISCORD_TOKEN is not set; it is the bot's token from Discord's Developer Portal.")
        url = self._environment.clew_discord_url
        if url and not url.startswith(("http://", "https://")):
            raise SettingsError("CLEW_DISCORD_URL must begin with http:// or https://; leave it empty to use Discord.")
        return DiscordSettings(token=token, url=url and url.rstrip("/"), **self._file.discord.model_dump())

    @cached_property
    def model(self) -> ModelSettings:
        """Which model answers."""
        found = self._environment
        missing: list[str] = []
        if found.litellm_api_base is None:
            missing.append("LITELLM_API_BASE is not set; it is the address of your LiteLLM proxy.")
        if found.model_name is None:
            missing.append("MODEL_NAME is not set; it is the name of a model at your LiteLLM proxy.")
        if missing:
            raise SettingsError("\n".join(missing))
        values: dict[str, Any] = {"api_base": found.litellm_api_base, "name": found.model_name}
        if found.litellm_api_key:
            values["api_key"] = found.litellm_api_key
        try:
            return ModelSettings(**values, **self._file.model.model_dump(exclude_none=True))
        except ValidationError as error:
            raise SettingsError(_problems(error, _model_place)) from error

    @property
    def approvals(self) -> ApprovalSettings:
        """Who decides about a tool call that waits."""
        return self._file.approvals

    @property
    def attachments(self) -> AttachmentSettings:
        """What is read of the files that people attach."""
        return self._file.attachments

    @property
    def answers(self) -> LayoutSettings:
        """What is too long for a chat."""
        return self._file.answers

    @property
    def conversations(self) -> ConversationSettings:
        """What becomes of messages that come while a turn runs."""
        return self._file.conversations

    @property
    def access(self) -> AccessSettings:
        """Who may talk to the bot."""
        return self._file.access

    @property
    def limits(self) -> LimitSettings:
        """How often people may ask and tools may run."""
        return self._file.limits

    @property
    def prompts(self) -> PromptSettings:
        """The operator's prompt."""
        return PromptSettings(text=self._environment.system_prompt, file=self._environment.system_prompt_file)

    @property
    def tools(self) -> ToolSettings:
        """How tools are found, called and allowed."""
        if self._environment.clew_mcp_config is None:
            return self._file.tools
        return self._file.tools.model_copy(update={"mcp_config": self._environment.clew_mcp_config})

    def check(self) -> None:
        """See that all that `clew run` needs is there.

        Raises:
            SettingsError: Something is missing; all of it is named at once.
        """
        problems: list[str] = []
        for part in ("discord", "model"):
            try:
                getattr(self, part)
            except SettingsError as error:
                problems.append(str(error))
        if problems:
            raise SettingsError("\n".join(problems))

    def secrets(self) -> list[str]:
        """What must never appear in a log, an answer, a card, or what the model is given."""
        held = (self._environment.discord_token, self._environment.litellm_api_key)
        found = {secret.get_secret_value() for secret in held if secret}
        for address in (self._environment.clew_database_url, self._environment.litellm_api_base):
            found |= secrets_in_address(address or "")
        with suppress(DatabaseError):  # whoever opens the database tells what is wrong with its address
            found |= place_of(self._environment.clew_database_url).passwords
        return sorted(found | secrets_in(self.tools.mcp_config, self.variables))


def dotenv() -> dict[str, str]:
    """Every name in `.env` with its value, whether it is a setting of ours or not; empty where there is no such file.

    A file that is not UTF-8 counts as empty; `Settings.load` is what complains about it.
    """
    try:
        found = DotEnvSettingsSource(Environment, case_sensitive=True).env_vars
    except UnicodeDecodeError:
        return {}
    return {name: value for name, value in found.items() if value is not None}


def _environment() -> Environment:
    try:
        return Environment()
    except ValidationError as error:
        raise SettingsError(_problems(error, _variable)) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f".env is not UTF-8: {error.reason} at byte {error.start}.") from error


def _config_file(path: Path) -> ConfigFile:
    try:
        return ConfigFile.model_validate(tomllib.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        if path != Environment.model_fields["clew_config"].default:
            raise SettingsError(f"CLEW_CONFIG names {path}, which is not there.") from None
        return ConfigFile()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from error
    except ValidationError as error:
        raise SettingsError(_problems(error, partial("{}, {}".format, path))) from error


def _problems(error: ValidationError, name: Callable[[str], str]) -> str:
    """One line for each problem; the value itself is not repeated, it may be a secret."""
    lines: list[str] = []
    for problem in error.errors(include_url=False, include_input=False):
        place = ".".join(str(part) for part in problem["loc"])
        said = "there is no such setting" if problem["type"] == "extra_forbidden" else problem["msg"]
        lines.append(f"{name(place)}: {said.removeprefix('Value error, ')}.")
    return "\n".join(lines)


def _variable(place: str) -> str:
    return place.upper()


def _model_place(place: str) -> str:
    variables = {"api_base": "LITELLM_API_BASE", "api_key": "LITELLM_API_KEY", "name": "MODEL_NAME"}
    return variables.get(place, f"clew.toml, [model] {place}")
