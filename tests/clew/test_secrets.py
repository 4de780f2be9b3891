"""Which settings are secret."""

import json

import pytest

from clew.settings import ConfigFile, Environment, Settings
from graph.redacting import Redactor


def secrets(**variables):
    return set(Settings(Environment(_env_file=None, **variables), ConfigFile()).secrets())


@pytest.fixture
def secrets_of_server(tmp_path, monkeypatch):
    """What is secret of one MCP server's entry."""
    monkeypatch.chdir(tmp_path)

    def found(entry):
        (tmp_path / "mcp.json").write_text(json.dumps({"mcpServers": {"a": entry}}))
        return secrets()

    return found


def test_secrets_of_mcp_servers_and_addresses_are_known(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEARCH", "brave-search-word")
    monkeypatch.setenv("FOLDER", "/srv/notes/of/all")
    server = {
        "command": "notes",
        "args": ["--key=abcdefghij0123456789", "/srv/a/long/path/of/2026/notes"],
        "env": {"SEARCH_API": "${SEARCH}", "NOTES": "${FOLDER}", "PASSWORD": "hunter22", "MODE": "quiet-mode"},
    }
    http = {
        "url": "https://me:pass-of-me@host/mcp?token=token-of-query",
        "headers": {"Authorization": "Bearer abc-def"},
    }
    (tmp_path / "mcp.json").write_text(json.dumps({"mcpServers": {"a": server, "b": http}}))
    found = secrets(
        discord_token="token-of-discord",
        litellm_api_key="key-of-litellm",
        litellm_api_base="https://proxy/v1?api_key=key%2Fof%2Bquery",
        clew_database_url="postgresql://clew:p%40ssword@db/clew",
    )
    assert found == {
        "token-of-discord",
        "key-of-litellm",
        "key%2Fof%2Bquery",
        "key/of+query",
        "p%40ssword",
        "p@ssword",
        "brave-search-word",
        "abcdefghij0123456789",
        "hunter22",
        "pass-of-me",
        "token-of-query",
        "abc-def",
    }


@pytest.mark.parametrize(
    ("address", "known"),
    [
        ("postgresql://u@h/db?sslmode=require&password=hunter%2Fsecret", {"hunter%2Fsecret", "hunter/secret"}),
        ("postgresql://u@h/db?sslpassword=of-the-key", {"of-the-key"}),
        # What SQLAlchemy takes for one address, the standard library does not.
        ("postgresql://u:with/slash@h/db", {"with/slash"}),
    ],
)
def test_password_in_the_databases_address_is_known_wherever_it_stands(tmp_path, monkeypatch, address, known):
    monkeypatch.chdir(tmp_path)
    assert secrets(clew_database_url=address) == known


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"url": "https://h/mcp?api_key=abc%2Fdef%2Bghi"}, "401 for url https://h/mcp?api_key=abc%2Fdef%2Bghi"),
        ({"url": "https://h/mcp?api_key=abc%2Fdef%2Bghi"}, "there is no key abc/def+ghi"),
        ({"url": "https://u:p%40ssw0rd@h/mcp"}, "login with p@ssw0rd failed"),
        ({"url": "https://u:p%40ssw0rd@h/mcp"}, "401 for url https://u:p%40ssw0rd@h/mcp"),
        ({"command": "x", "args": ["--password", "correct-horse"]}, "bad password correct-horse"),
        ({"command": "x", "args": ["--password=correct-horse"]}, "bad password correct-horse"),
        ({"command": "x", "args": ["--api-key", "sk/live/abc"]}, "bad key sk/live/abc"),
        ({"command": "x", "args": ["-e", "API_KEY=sk/live/abc"]}, "bad key sk/live/abc"),
        ({"command": "x", "args": ["-H", "Authorization: Bearer sk/live/abc"]}, "bad key sk/live/abc"),
        ({"command": "sh", "args": ["-c", 'x -H "X-Api-Key: sk/live/abc" -v']}, "bad key sk/live/abc"),
        ({"command": "sh", "args": ["-c", "x --api-key sk/live/abc -v"]}, "bad key sk/live/abc"),
        ({"command": "x", "args": ["--at=postgres://u:p%40ssw0rd@h/db"]}, "login with p@ssw0rd failed"),
        ({"command": "x", "env": {"HEADERS": '{"Authorization": "Bearer sk/live/abc"}'}}, "bad key sk/live/abc"),
        ({"command": "x", "env": {"COOKIE": "session=correct-horse; lang=en"}}, "unknown session correct-horse"),
        ({"command": "x", "env": {"ADMIN_PASSWORD": 1234567890}}, "bad password 1234567890"),
        ({"command": "x", "args": ["--pin-token", 1234567890]}, "bad token 1234567890"),
    ],
)
def test_secret_of_a_server_is_taken_out(secrets_of_server, entry, told):
    assert "[redacted]" in Redactor(secrets_of_server(entry))(told)


@pytest.mark.parametrize(
    "entry",
    [
        {"command": "npx", "args": ["-y", "@scope/server-auth-tokens", "/srv/notes/of/all"]},
        {"command": "x", "args": ["--max-tokens", "200000", "--key-file", "/etc/clew/key.pem", "--verbose"]},
        {"command": "x", "args": ["--no-auth", "--read-only"]},
        {"command": "x", "env": {"MAX_TOKENS": 200000, "AUTH_TIMEOUT": "300000", "GIT_AUTHOR_NAME": "Charlotte"}},
        {"url": "https://host.example/mcp?region=europe-west"},
    ],
)
def test_what_only_sounds_like_a_secret_is_none(secrets_of_server, entry):
    assert secrets_of_server(entry) == set()


def test_broken_file_of_mcp_servers_has_no_secrets_and_is_not_complained_about_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for text in ("{", "[]", '{"mcpServers": 1}', '{"mcpServers": {"a": null}}'):
        (tmp_path / "mcp.json").write_text(text)
        assert secrets(litellm_api_key="key-of-litellm") == {"key-of-litellm"}
