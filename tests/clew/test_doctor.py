"""What `clew doctor` says of a set-up that is whole, of settings and of databases."""

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from checkpoints.database import open_database
from clew.alone import alone
from playground.model import call

CLEW = Path(sys.executable).with_name("clew")


async def test_whole_setup_is_all_ok_and_nothing_is_changed_by_looking(setup):
    setup.script.then(call("current_time", zone="Tokyo"))
    report = await setup.doctor(ask=True)

    assert report.well
    assert report.of("failed") + report.of("warning") == []
    for words in (
        "The token is good; the bot is clew#0001.",
        "The message content intent is switched on.",
        "Harbour: all permissions in 2 channels; without Manage Messages (optional) in #general, #lab.",
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
    setup.write(
        ".env", f"OPENWEBUI_API_BASE=http://former\nOPENWEBUI_API_KEY={setup.key}x\nOPEN_WEBUI_DEFAULT_MODEL=m\n"
    )
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
        ("postgresql://somebody:a-password@127.0.0.1:9/clew", "somebody:***@127.0.0.1:9/clew cannot be used"),
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
