from __future__ import annotations

import json
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tools.mcp_config import HttpServer, McpConfig, McpConfigError, StdioServer, load_mcp_config


@pytest.fixture
def load(tmp_path):
    """Write a file and read it, with a few environment variables."""

    def load(content):
        file = tmp_path / "mcp.json"
        file.write_bytes(content if isinstance(content, bytes) else _text(content).encode())
        return load_mcp_config(file, environ={"TOKEN": "t0ken", "EMPTY": ""})

    return load


def _text(content):
    return content if isinstance(content, str) else json.dumps({"mcpServers": content}, indent=1)


def test_no_file_at_the_usual_place_means_no_servers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_mcp_config() == McpConfig()
    Path("mcp.json").write_text('{"mcpServers": {"time": {"command": "uvx"}}}')
    assert list(load_mcp_config().servers) == ["time"]


def test_a_file_that_was_asked_for_must_be_there(tmp_path):
    with pytest.raises(McpConfigError, match=r"other\.json cannot be read: No such file"):
        load_mcp_config(tmp_path / "other.json")


def test_every_kind_of_server_is_read(load):
    config = load(
        {
            "files": {"command": "npx", "args": ["-y", "x"], "env": {"LEVEL": 3}, "cwd": "/srv", "type": "stdio"},
            "plain": {"url": "https://example.org/mcp"},
            "http": {"type": "http", "url": "https://example.org/mcp", "headers": {"X-Key": "${TOKEN}"}},
            "long": {"transport": "streamable_http", "url": "https://example.org/mcp"},
            "dash": {"type": "streamable-http", "url": "https://example.org/mcp"},
            "old": {"type": "sse", "url": "https://example.org/sse"},
            "off": {"command": "npx", "disabled": True},
        }
    )
    assert config.problems == ()
    assert config.servers == {
        "files": StdioServer(command="npx", args=("-y", "x"), env={"LEVEL": "3"}, cwd="/srv"),
        "plain": HttpServer(url="https://example.org/mcp"),
        "http": HttpServer(url="https://example.org/mcp", headers={"X-Key": "t0ken"}),
        "long": HttpServer(url="https://example.org/mcp"),
        "dash": HttpServer(url="https://example.org/mcp"),
        "old": HttpServer(url="https://example.org/sse", sse=True),
    }


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Bearer ${TOKEN}", "Bearer t0ken"),
        ("${MISSING:-none}", "none"),
        ("${EMPTY:-none}", "none"),
        ("${EMPTY}", ""),
        ("${MISSING:-}", ""),
        ("${TOKEN}${TOKEN:-x}", "t0kent0ken"),
        ("$TOKEN and $5", "$TOKEN and $5"),
    ],
)
def test_variables_are_put_in(load, written, read):
    assert load({"a": {"command": "x", "args": [written]}}).servers["a"].args == (read,)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"command": "x", "args": ["${MISSING}"]}, "the environment variable MISSING is not set"),
        ({}, "either a command or a url"),
        ({"command": "x", "url": "https://example.org"}, "either a command or a url"),
        ("npx", "expected an object"),
        ({"command": ""}, "command: String should have at least 1 character"),
        ({"command": "x", "args": "-y"}, "args: Input should be a valid tuple"),
        ({"command": "x", "env": {"A": ["secret"]}}, "env.A: Input should be a valid string"),
        ({"command": "x", "type": "http"}, "its type is stdio, not 'http'"),
        ({"url": "https://example.org", "type": "ws"}, "its type is 'ws'"),
        ({"url": "https://example.org", "type": ["http"]}, "its type is"),
        ({"url": "example.org"}, "url: Input should be a valid URL"),
        ({"url": "file:///etc/passwd"}, "url: URL scheme should be"),
    ],
)
def test_a_bad_entry_is_reported_and_the_others_load(load, entry, problem):
    with capture_logs() as logs:
        config = load({"good": {"command": "x"}, "bad": entry})
    assert list(config.servers) == ["good"]
    assert len(config.problems) == 1
    assert "mcp.json, line 6: the server 'bad' is left out" in config.problems[0]
    assert problem in config.problems[0]
    assert "secret" not in config.problems[0]
    assert [entry["event"] for entry in logs] == ["mcp_server_misconfigured"]


@pytest.mark.parametrize("name", ["clew", "", "a/b", "x" * 65])
def test_a_name_that_cannot_stand_in_a_rule_is_refused(load, name):
    assert "a name has" in load({name: {"command": "x"}}).problems[0]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"mcpServers": {\n  "a": {},\n}}', "line 3: this is not JSON"),
        ("", "line 1: this is not JSON"),
        ("[]", "line 1: expected an object"),
        ('{"servers": {}}', "line 1: expected an object"),
        ('{\n"mcpServers": []}', "line 2: expected an object"),
        (b'{\n"mcpServers": "\xff"}', "line 2: this is not UTF-8"),
        ("[" * 100_000, "this is nested too deeply"),
    ],
)
def test_a_broken_file_is_told_in_one_sentence(load, content, problem):
    with pytest.raises(McpConfigError) as error:
        load(content)
    assert problem in str(error.value)
    assert "mcp.json" in str(error.value)
    assert "\n" not in str(error.value)


def test_unknown_fields_are_ignored_and_logged_once(load):
    with capture_logs() as logs:
        config = load({"a": {"command": "x", "autoApprove": ["*"]}, "b": {"url": "http://localhost", "timeout": 3}})
    assert list(config.servers) == ["a", "b"]
    assert [(entry["event"], entry["fields"]) for entry in logs] == [
        ("mcp_config_fields_ignored", ["a.autoApprove", "b.timeout"])
    ]


def test_secrets_do_not_show_in_the_configuration(load):
    config = load(
        {
            "a": {"command": "x", "args": ["${TOKEN}"], "env": {"KEY": "${TOKEN}"}},
            "b": {"url": "http://localhost", "headers": {"Authorization": "${TOKEN}"}},
        }
    )
    assert "t0ken" not in repr(config)
