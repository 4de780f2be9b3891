"""Which settings are secret."""

import json

from clew.settings import ConfigFile, Environment, Settings


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
    environment = Environment(
        _env_file=None,
        discord_token="token-of-discord",
        litellm_api_key="key-of-litellm",
        clew_database_url="postgresql://clew:p%40ssword@db/clew",
    )
    secrets = set(Settings(environment, ConfigFile()).secrets())
    assert secrets == {
        "token-of-discord",
        "key-of-litellm",
        "p%40ssword",
        "p@ssword",
        "brave-search-word",
        "abcdefghij0123456789",
        "hunter22",
        "pass-of-me",
        "token-of-query",
        "abc-def",
    }


def test_broken_file_of_mcp_servers_has_no_secrets_and_is_not_complained_about_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for text in ("{", "[]", '{"mcpServers": 1}', '{"mcpServers": {"a": null}}'):
        (tmp_path / "mcp.json").write_text(text)
        assert Settings(Environment(_env_file=None, litellm_api_key="key-of-litellm"), ConfigFile()).secrets() == [
            "key-of-litellm"
        ]
