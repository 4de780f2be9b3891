"""What can be set, where, and what is said of what cannot be read."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from clew.settings import Environment, Settings, SettingsError

ROOT = Path(__file__).parents[2]
SECRET = "a-value-that-nobody-should-see"


@pytest.fixture(autouse=True)
def empty_place(tmp_path, monkeypatch):
    """A working folder and an environment in which nothing is set."""
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def complete(monkeypatch):
    for name, value in {"DISCORD_TOKEN": "t.o.ken", "LITELLM_API_BASE": "http://proxy", "MODEL_NAME": "m"}.items():
        monkeypatch.setenv(name, value)


def test_variable_goes_before_the_env_file_and_that_before_the_default(empty_place, monkeypatch):
    (empty_place / ".env").write_text(
        "MODEL_NAME=from-file\nLITELLM_API_BASE=http://file\nCLEW_DATABASE_URL=sqlite:///f.db\n"
    )
    monkeypatch.setenv("MODEL_NAME", "from-variable")
    settings = Settings.load()

    assert settings.model.name == "from-variable"
    assert settings.model.api_base == "http://file/v1"
    assert settings.database_url == "sqlite:///f.db"
    (empty_place / ".env").unlink()
    assert Settings.load().database_url == "sqlite:///data/clew.db"


@pytest.mark.parametrize(
    "base",
    ["http://proxy:4000", "http://proxy:4000/", "http://proxy:4000/v1", "http://proxy:4000/v1/", " http://proxy:4000 "],
)
def test_address_of_the_proxy_is_taken_with_and_without_v1(complete, monkeypatch, base):
    monkeypatch.setenv("LITELLM_API_BASE", base)

    assert Settings.load().model.api_base == "http://proxy:4000/v1"


@pytest.mark.parametrize("name", ["DISCORD_TOKEN", "LITELLM_API_BASE", "MODEL_NAME"])
def test_empty_is_unset_and_what_is_missing_is_named(complete, monkeypatch, name):
    monkeypatch.setenv(name, "")
    with pytest.raises(SettingsError) as missing:
        Settings.load().check()

    assert str(missing.value).startswith(f"{name} is not set")
    assert "\n" not in str(missing.value)


def test_everything_that_is_missing_is_named_at_once():
    with pytest.raises(SettingsError) as missing:
        Settings.load().check()

    assert "DISCORD_TOKEN" in str(missing.value)
    assert "LITELLM_API_BASE" in str(missing.value)


def test_empty_values_leave_the_defaults(complete, monkeypatch):
    for name in ("CLEW_DATABASE_URL", "CLEW_CONFIG", "SYSTEM_PROMPT", "SYSTEM_PROMPT_FILE", "CLEW_DISCORD_URL"):
        monkeypatch.setenv(name, "")
    settings = Settings.load()

    assert settings.database_url == "sqlite:///data/clew.db"
    assert (settings.prompts.text, settings.prompts.file, settings.discord.url) == (None, None, None)


def test_configuration_file_sets_the_tables(complete, empty_place):
    (empty_place / "clew.toml").write_text(
        "[model]\ntimeout = 7.5\nstep_limit = 3\nretries = 0\ncall_timeout = 60\n[discord]\nmessage_content = false\n"
        '[tools]\ncall_timeout = 9\nmcp_config = "a.json"\n[tools.policy]\n"time/*" = "auto"\n'
    )
    settings = Settings.load()

    assert (settings.model.timeout, settings.model.step_limit, settings.model.window_tokens) == (7.5, 3, None)
    assert (settings.model.retries, settings.model.retry_seconds, settings.model.call_timeout) == (0, 180, 60)
    assert settings.discord.message_content is False
    assert settings.tools.call_timeout == 9
    assert settings.tools.policy.root == {"time/*": "auto"}
    assert settings.tools.mcp_config == Path("a.json")


def test_what_becomes_of_messages_while_a_turn_runs_is_set_for_each_channel(complete, empty_place):
    assert Settings.load().conversations.while_running_in(5, None) == "queue"
    (empty_place / "clew.toml").write_text(
        '[conversations]\nwhile_running = "collect"\n[conversations.channels]\n"5" = "steer"\n'
    )
    settings = Settings.load()

    assert settings.conversations.while_running_in(5, None) == "steer"
    assert settings.conversations.while_running_in(6, None) == "collect"


def test_settings_are_read_without_what_speaks_to_the_model():
    """Every command reads them; the client takes longer to load than all the rest."""
    program = "import sys, clew.settings; print({'openai', 'langchain_core', 'langgraph'} & set(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=30)

    assert printed.stdout == "set()\n", printed.stderr


def test_variable_goes_before_the_configuration_file(complete, empty_place, monkeypatch):
    (empty_place / "clew.toml").write_text('[tools]\nmcp_config = "a.json"\n')
    monkeypatch.setenv("CLEW_MCP_CONFIG", "b.json")

    assert Settings.load().tools.mcp_config == Path("b.json")


def test_configuration_file_that_is_named_must_be_there(complete, monkeypatch):
    monkeypatch.setenv("CLEW_CONFIG", "other.toml")
    with pytest.raises(SettingsError, match=r"CLEW_CONFIG names other\.toml"):
        Settings.load()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f'[model]\ntimeout = "{SECRET}"\n', "model.timeout"),
        (f'[model]\nunknown = "{SECRET}"\n', "model.unknown"),
        (f'[nowhere]\nx = "{SECRET}"\n', "nowhere"),
        (f'[tools.policy]\nwipe = "{SECRET}"\n', "tools.policy"),
        (f'[discord]\nmessage_content = "{SECRET}"\n', "discord.message_content"),
        (f'[conversations]\nwhile_running = "{SECRET}"\n', "conversations.while_running"),
        (f'[conversations.channels]\n"7" = "{SECRET}"\n', "conversations.channels.7"),
        (f"[model\ntimeout = {SECRET}\n", "clew.toml is not valid TOML"),
        (f"model = {SECRET}\n", "clew.toml is not valid TOML"),
    ],
)
def test_mistake_in_the_configuration_file_is_named_and_its_value_not_told(complete, empty_place, text, place):
    (empty_place / "clew.toml").write_text(text)
    with pytest.raises(SettingsError) as refused:
        Settings.load()

    assert place in str(refused.value)
    assert SECRET not in str(refused.value)
    assert "errors.pydantic.dev" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[model]\ntimeout = -5\n", "timeout"),
        ("[model]\nwindow_tokens = 3\n", "window_tokens"),
        ("[model]\nretries = -1\n", "retries"),
        ("[model]\nretry_seconds = -1\n", "retry_seconds"),
        ("[model]\ncall_timeout = 0\n", "call_timeout"),
    ],
)
def test_value_out_of_its_bounds_is_named_with_its_place(complete, empty_place, text, place):
    (empty_place / "clew.toml").write_text(text)
    with pytest.raises(SettingsError, match=rf"^clew\.toml, \[model\] {place}: "):
        Settings.load().check()


def test_bad_address_of_the_proxy_is_named_by_its_variable_and_not_told(complete, monkeypatch):
    monkeypatch.setenv("LITELLM_API_BASE", f"ftp://user:{SECRET}@proxy")
    with pytest.raises(SettingsError) as refused:
        Settings.load().check()

    assert str(refused.value) == "LITELLM_API_BASE: it must begin with http:// or https://."


@pytest.mark.parametrize("spoil", ["clew.toml", ".env"])
def test_file_that_is_not_utf8_is_one_sentence(complete, empty_place, spoil):
    (empty_place / spoil).write_bytes(b'MODEL_NAME = "caf\xe9"\n')
    with pytest.raises(SettingsError, match=spoil.replace(".", r"\.")):
        Settings.load()


def test_folder_in_the_place_of_the_configuration_file_is_one_sentence(complete, empty_place):
    (empty_place / "clew.toml").mkdir()
    with pytest.raises(SettingsError, match=r"clew\.toml cannot be read: Is a directory\."):
        Settings.load()


def test_secrets_do_not_show_in_what_is_printed_of_the_settings(complete, monkeypatch):
    monkeypatch.setenv("LITELLM_API_KEY", SECRET)
    settings = Settings.load()

    assert SECRET in settings.secrets()
    assert SECRET not in repr(settings.model) + repr(settings.discord) + repr(settings._environment)


@pytest.mark.skipif(not (ROOT / ".env.example").exists(), reason="there is no .env.example yet")
def test_example_lists_exactly_what_can_be_set():
    lines = (ROOT / ".env.example").read_text().splitlines()
    named = [line.lstrip("# ").partition("=")[0] for line in lines if "=" in line and line.lstrip("# ")[:1].isupper()]

    assert sorted(named) == sorted(name.upper() for name in Environment.model_fields)
    assert os.sep not in "".join(named)
