"""What `clew doctor` says of set-ups that are broken, each in one way, and of one that is whole."""

import asyncio
import io
import json
import os
import socket
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import discord
import pytest
from discord.asset import Asset
from discord.gateway import DiscordWebSocket
from discord.http import Route
from rich.console import Console

from checkpoints.database import open_database
from clew.alone import alone
from clew.doctor.checks import examine
from playground import LocalDiscord, Permission
from playground.model import Fault, ModelServer, Scripted, call, say

CLEW = Path(sys.executable).with_name("clew")
NOTES = Path(__file__).parents[1] / "servers" / "notes.py"
KEY = "sk-a-key-that-nobody-should-see"


class Setup:
    """A folder in which clew could run, and everything it needs; a test breaks one thing."""

    def __init__(self, home, discord_, model, script, monkeypatch):
        self.home, self.discord, self.model, self.script = home, discord_, model, script
        self._monkeypatch = monkeypatch
        self.notes = {"command": sys.executable, "args": [str(NOTES)], "env": {"NOTES_DIR": str(home)}}
        self.set(
            DISCORD_TOKEN=discord_.token,
            CLEW_DISCORD_URL=discord_.url,
            LITELLM_API_BASE=model.base_url,
            LITELLM_API_KEY=KEY,
            MODEL_NAME="good",
        )
        self.servers(notes=self.notes)

    def set(self, **variables):
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)

    def unset(self, name):
        self._monkeypatch.delenv(name)

    def write(self, name, text):
        (self.home / name).write_text(text)

    def servers(self, **servers):
        self.write("mcp.json", json.dumps({"mcpServers": servers}))

    async def doctor(self, *, ask=False, bound=40):
        """What the doctor says, without its line breaks, and whether nothing failed."""
        told = io.StringIO()
        well = await examine(Console(file=told, width=200), ask=ask, bound=bound)
        print(told.getvalue())
        assert self.discord.token not in told.getvalue()
        assert KEY not in told.getvalue()
        return Report(told.getvalue(), well)


class Report:
    def __init__(self, text, well):
        self.text, self.well = text, well

    def of(self, level):
        """The findings of a level, each with its way out in the same line."""
        findings = []
        for line in self.text.splitlines()[:-1]:
            if line.startswith(" "):
                findings[-1] += f" {line.strip()}"
            else:
                findings.append(line)
        return [finding for finding in findings if finding.startswith(level)]

    def only(self, level, *words):
        """The one finding that is not ok, which has these words in it."""
        other = {"failed": "warning", "warning": "failed"}[level]
        assert self.of(other) == []
        (finding,) = self.of(level)
        assert self.well == (level == "warning")
        for one in words:
            assert one in finding
        return finding


@pytest.fixture
def script():
    return Scripted()


@pytest.fixture
async def model(script):
    async with ModelServer(script, api_key=KEY, models=("good", "better"), max_input_tokens=128_000) as server:
        yield server


@pytest.fixture
async def discord_():
    async with LocalDiscord() as local:
        yield local


@pytest.fixture
def setup(tmp_path, discord_, model, script, monkeypatch):
    for name in list(os.environ):
        if name.startswith(("CLEW_", "LITELLM_", "DISCORD_", "OPENWEBUI", "OPENAI", "MODEL_", "SYSTEM_PROMPT")):
            monkeypatch.delenv(name)
    for owner, name in ((Route, "BASE"), (Asset, "BASE"), (DiscordWebSocket, "DEFAULT_GATEWAY")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    monkeypatch.chdir(tmp_path)
    return Setup(tmp_path, discord_, model, script, monkeypatch)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def test_whole_setup_is_all_ok_and_nothing_is_changed_by_looking(setup):
    setup.script.then(call("current_time", zone="Tokyo"))
    report = await setup.doctor(ask=True)

    assert report.well
    assert report.of("failed") + report.of("warning") == []
    for words in (
        "The token is good; the bot is clew#0001.",
        "The message content intent is switched on.",
        "Harbour: all permissions in 2 channels.",
        "takes the key.",
        "good answers and calls tools.",
        "good reads 128,000 tokens",
        "notes runs and offers",
        "data/clew.db is not there yet",
    ):
        assert words in report.text
    assert sorted(path.name for path in setup.home.iterdir()) == ["mcp.json"]
    assert {request.method for request in setup.discord.requests} == {"GET"}
    assert setup.discord.identifies == 0


async def test_wrong_token(setup):
    setup.set(DISCORD_TOKEN="not.the.token")
    report = await setup.doctor()

    report.only("failed", "Discord refuses the token", "Reset Token")
    assert "not.the.token" not in report.text


async def test_token_that_is_not_set(setup):
    setup.unset("DISCORD_TOKEN")
    (await setup.doctor()).only("failed", "DISCORD_TOKEN is not set", "Reset Token")


async def test_discord_that_cannot_be_reached(setup):
    setup.set(CLEW_DISCORD_URL=f"http://127.0.0.1:{free_port()}")
    (await setup.doctor()).only("failed", "Discord cannot be reached", "leave it empty to use Discord itself")


async def test_discord_that_never_answers_does_not_keep_the_others_from_being_told(setup):
    setup.discord.latency = 60
    finding = (await setup.doctor(bound=8)).only("failed", "discord", "longer than 8 s")
    assert "mcp" not in finding


@pytest.mark.parametrize("wanted", [True, False])
async def test_intent_that_is_switched_off_in_the_portal(setup, wanted):
    setup.write("clew.toml", f"[discord]\nmessage_content = {str(wanted).lower()}\n")
    async with LocalDiscord(privileged_intents=False) as without:
        setup.set(CLEW_DISCORD_URL=without.url)
        report = await setup.doctor()

    what_is_left = "clew answers mentions, direct messages and slash commands; of all other messages it sees neither"
    assert what_is_left in report.text
    if wanted:
        report.only("failed", "intent is switched off", "switch on Message Content Intent", "message_content = false")
    else:
        assert report.well
        assert report.of("warning") == []


async def test_permission_that_is_missing_in_one_channel_of_many(setup):
    harbour = setup.discord.guild("Harbour")
    for number in range(30):
        setup.discord.add_channel(harbour, f"room-{number}")
    setup.discord.overwrite(setup.discord.channel("room-17"), harbour_everyone(setup), deny=Permission.ADD_REACTIONS)
    finding = (await setup.doctor()).only("warning", "Harbour: Add Reactions missing in #room-17.", "no buttons")
    assert "room-1," not in finding


async def test_channel_that_the_bot_does_not_see_and_one_where_it_may_not_write(setup):
    setup.discord.overwrite(
        setup.discord.add_channel(setup.discord.guild("Harbour"), "mods"),
        setup.discord.bot,
        deny=Permission.VIEW_CHANNEL,
    )
    setup.discord.overwrite(setup.discord.channel("lab"), setup.discord.bot, deny=Permission.SEND_MESSAGES)
    report = await setup.doctor()

    assert report.well
    first, second = report.of("warning")
    assert "Harbour: View Channel missing in #mods." in first
    assert "Harbour: Send Messages missing in #lab." in second


async def test_optional_permission_is_told_and_is_no_warning(setup):
    setup.discord.overwrite(setup.discord.channel("lab"), setup.discord.bot, deny=Permission.CREATE_PUBLIC_THREADS)
    report = await setup.doctor()

    assert report.of("warning") == []
    assert "without Create Public Threads (optional) in #lab" in report.text


async def test_server_in_which_the_bot_can_write_nowhere(setup):
    for name in ("general", "lab"):
        setup.discord.overwrite(setup.discord.channel(name), harbour_everyone(setup), deny=Permission.SEND_MESSAGES)
    (await setup.doctor()).only("failed", "Harbour: the bot can write in none of the 2 channels", "oauth2/authorize")


async def test_bot_that_is_in_no_server(setup):
    setup.discord.remove_member(setup.discord.guild("Harbour"), setup.discord.bot)
    finding = (await setup.doctor()).only("warning", "The bot is in no server", "applications.commands")
    assert f"client_id={setup.discord.application_id}" in finding


def harbour_everyone(setup):
    return setup.discord.everyone(setup.discord.guild("Harbour"))


async def test_proxy_that_cannot_be_reached(setup):
    setup.set(LITELLM_API_BASE=f"http://127.0.0.1:{free_port()}")
    (await setup.doctor(ask=True)).only("failed", "Nothing answers at http://127.0.0.1", "Start the proxy")


async def test_address_that_answers_with_a_page(setup):
    setup.set(LITELLM_API_BASE=setup.discord.url.replace("//", "//operator:hidden-word@"))
    page = asyncio.start_server(answer_html, "127.0.0.1", 0)
    async with await page as server:
        port = server.sockets[0].getsockname()[1]
        setup.set(LITELLM_API_BASE=f"http://operator:hidden-word@127.0.0.1:{port}")
        report = await setup.doctor(ask=True)

    report.only("failed", "answers with an HTML page (status 200)", "not that of its admin page".capitalize())
    assert "hidden-word" not in report.text


async def answer_html(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    body = b"<!doctype html><title>Open WebUI</title>"
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    await writer.drain()
    writer.close()


async def test_address_with_a_wrong_path(setup):
    setup.set(LITELLM_API_BASE=setup.model.base_url + "/ui")
    (await setup.doctor()).only("failed", "/v1/ui/v1/models", "LITELLM_API_BASE must be the proxy's own address")


async def test_key_that_the_proxy_refuses(setup):
    setup.set(LITELLM_API_KEY="sk-another-key-altogether")
    report = await setup.doctor(ask=True)

    report.only("failed", "The proxy refuses the key (401: Incorrect API key provided)", "virtual key")
    assert "sk-another-key-altogether" not in report.text


async def test_model_that_the_proxy_does_not_offer(setup):
    setup.set(MODEL_NAME="godo")
    (await setup.doctor(ask=True)).only("failed", "The proxy does not offer godo.", "a name it offers: good")
    assert setup.model.requests == []


async def test_model_list_without_context_lengths(setup, script):
    async with ModelServer(script, api_key=KEY, models=("good",)) as silent:
        setup.set(LITELLM_API_BASE=silent.base_url)
        report = await setup.doctor()

    report.only("warning", "does not tell how much good can read", "max_input_tokens", "window_tokens")


async def test_window_that_is_larger_than_what_the_model_reads(setup):
    setup.write("clew.toml", "[model]\nwindow_tokens = 200000\n")
    (await setup.doctor()).only("warning", "window_tokens is 200,000, but good reads 128,000", "128000")


async def test_model_whose_provider_fails(setup):
    fault = Fault(status=401, body={"error": {"message": f"provider key {KEY} is invalid", "type": "auth"}})
    setup.script.then(fault)
    (await setup.doctor(ask=True)).only("failed", "A request to good failed", "[redacted] is invalid", "own log")


async def test_model_that_takes_no_tools(setup):
    refusal = Fault(status=400, body={"error": {"message": "good does not support tools", "type": "invalid"}})
    setup.script.then(refusal)
    setup.script.then(say("It is late."))
    (await setup.doctor(ask=True)).only(
        "failed", "good answers, but not when it is offered tools", "that can call tools"
    )


async def test_model_that_answers_without_calling_the_tool(setup):
    setup.script.then(say("It is late."))
    (await setup.doctor(ask=True)).only("warning", "it did not call the tool")


async def test_mcp_server_whose_command_is_not_installed_and_others_that_run(setup):
    missing = {"command": "uvx", "args": ["mcp-server-time"], "env": {"PATH": str(setup.home)}}
    setup.servers(time=missing | {"command": "/nowhere/uvx"}, notes=setup.notes)
    report = await setup.doctor()

    report.only("failed", "time does not start: there is no '/nowhere/uvx' to run", "Install uv")
    assert "notes runs and offers" in report.text


async def test_mcp_server_that_ends_at_once_is_told_with_its_last_words(setup):
    words = "raise SystemExit('no such folder, and the word is ' + __import__('os').environ['WORD'])"
    setup.servers(files={"command": sys.executable, "args": ["-c", words], "env": {"WORD": "open-sesame"}})
    finding = (await setup.doctor()).only(
        "failed", "files does not start", "no such folder, and the word is [redacted]"
    )
    assert "open-sesame" not in finding


async def test_mcp_server_that_refuses_the_credentials(setup):
    headers = {"Authorization": "Bearer a-wrong-credential"}
    setup.servers(gateway={"url": f"{setup.discord.api_base}/users/@me", "headers": headers})
    report = await setup.doctor()

    report.only("failed", "gateway does not start", "401", "look at headers or env of this server in mcp.json")
    assert "a-wrong-credential" not in report.text


async def test_variable_of_mcp_json_that_is_not_set(setup):
    setup.servers(notes=setup.notes, search={"command": "x", "env": {"KEY": "${SEARCH_API_KEY}"}})
    report = await setup.doctor()

    report.only("failed", "'search' is left out", "Set SEARCH_API_KEY in the environment or in .env")
    assert "notes runs" in report.text


async def test_variable_of_mcp_json_is_found_in_the_env_file(setup):
    folder = setup.home / "kept"
    folder.mkdir()
    setup.write(".env", f"NOTES_HOME={folder}\n")
    setup.servers(notes=setup.notes | {"env": {"NOTES_DIR": "${NOTES_HOME}"}})

    assert (await setup.doctor()).well


async def test_mcp_json_that_is_no_json(setup):
    setup.write("mcp.json", "{'mcpServers': {}}")
    (await setup.doctor()).only("failed", "mcp.json, line 1: this is not JSON", "docs/mcp.example.json")


async def test_verdicts_are_counted_by_the_policy(setup):
    setup.write("clew.toml", '[tools.policy]\n"notes/*" = "deny"\n')
    report = await setup.doctor()

    (mcp,) = [line for line in report.of("ok") if "notes runs" in line]
    assert "0 run by themselves, 0 ask," in mcp


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("[model]\nwindow = 3\n", "clew.toml, model.window: there is no such setting"),
        ("[model\n", "clew.toml is not valid TOML"),
    ],
)
async def test_configuration_file_that_cannot_be_read_and_all_the_rest_is_looked_at(setup, toml, words):
    setup.write("clew.toml", toml)
    report = await setup.doctor()

    report.only("failed", words, "the README lists what can be set")
    assert "notes runs" in report.text
    assert "The token is good" in report.text


async def test_name_that_is_nearly_a_setting(setup):
    setup.write(".env", "DISCORD_BOT_TOKEN=x\nCLEW_DATABSE_URL=y\nSOMETHING_ELSE=z\n")
    report = await setup.doctor()

    assert report.well
    warnings = report.of("warning")
    assert ["Did you mean CLEW_DATABASE_URL?" in warnings[0], "Did you mean DISCORD_TOKEN?" in warnings[1]] == [
        True
    ] * 2
    assert len(warnings) == 2


async def test_variables_of_the_former_bot_are_named_with_what_takes_their_place(setup):
    setup.write(".env", f"OPENWEBUI_API_BASE=http://former\nOPENWEBUI_API_KEY={KEY}x\nOPEN_WEBUI_DEFAULT_MODEL=m\n")
    setup.set(OPENWEBUI_LOCALE="en")
    report = await setup.doctor()

    assert report.well
    for line, (name, instead) in zip(
        report.of("warning"),
        [
            ("OPENWEBUI_API_BASE", "LITELLM_API_BASE"),
            ("OPENWEBUI_API_KEY", "LITELLM_API_KEY"),
            ("OPENWEBUI_LOCALE", "Nothing takes its place"),
            ("OPEN_WEBUI_DEFAULT_MODEL", "MODEL_NAME"),
        ],
        strict=False,
    ):
        assert f"{name} is of a bot for Open WebUI" in line
        assert instead in line
    assert len(report.of("warning")) == 4


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:///mcp.json/clew.db", "mcp.json is no folder"),
        ("sqlite:///mcp.json", "file is not a database"),
        ("postgresql://somebody:a-password@host/clew", "postgresql is not supported yet"),
    ],
)
async def test_database_that_cannot_be_used(setup, url, words):
    setup.set(CLEW_DATABASE_URL=url)
    before = (setup.home / "mcp.json").read_text()
    report = await setup.doctor()

    report.only("failed", words, "CLEW_DATABASE_URL must name a file")
    assert "a-password" not in report.text
    assert (setup.home / "mcp.json").read_text() == before


async def test_database_in_use_by_a_running_clew_is_well(setup):
    database = open_database("sqlite:///clew.db")
    await database.upgrade()
    with alone(setup.home / "clew.db", patience=0):
        setup.set(CLEW_DATABASE_URL="sqlite:///clew.db")
        report = await setup.doctor()
    await database.close()

    assert report.well
    assert "clew.db can be written and is up to date; a running clew has it" in report.text


async def test_database_of_a_newer_clew(setup):
    with closing(sqlite3.connect("clew.db")) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    setup.set(CLEW_DATABASE_URL="sqlite:///clew.db")
    (await setup.doctor()).only("failed", "was written by a newer clew", "Install that version")


async def test_prompt_file_that_is_not_there(setup):
    setup.set(SYSTEM_PROMPT_FILE="prompt.md")
    (await setup.doctor()).only("failed", "prompt.md", "SYSTEM_PROMPT_FILE")


@pytest.mark.parametrize(("token", "code"), [(None, 0), ("not.the.token", 1)])
async def test_command_ends_with_one_when_something_failed(setup, token, code):
    if token:
        setup.set(DISCORD_TOKEN=token)
    process = await asyncio.create_subprocess_exec(
        CLEW, "doctor", "--no-ask", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        told, logged = await process.communicate()

    assert process.returncode == code, told.decode()
    assert logged == b""
    assert b"notes runs and offers" in told
    assert setup.model.requests == []


def test_permissions_are_named_as_discord_names_them():
    from discord_adapter.checkup import NEEDED, OPTIONAL

    for name, title in {**NEEDED, **OPTIONAL}.items():
        assert name in discord.Permissions.VALID_FLAGS
        assert title.lower().replace(" ", "_") == name
