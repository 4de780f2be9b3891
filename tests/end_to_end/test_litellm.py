"""The real bot through a real LiteLLM proxy: chat, usage, its MCP gateway, and what a user reads when it refuses."""

import json
import os
import secrets
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import pytest

from playground.model import Fault, ModelServer, call, say

ROOT = Path(__file__).parents[2]
LITELLM = ROOT / ".venv-litellm" / "bin" / "litellm"
NOTES = ROOT / "tests" / "servers" / "notes.py"
UPSTREAM_KEY = "sk-what-the-proxy-shows-its-provider"

pytestmark = pytest.mark.skipif(
    not LITELLM.exists(), reason="LiteLLM is not installed; `make test-needs` puts it into .venv-litellm"
)


@dataclass(frozen=True)
class Proxy:
    """A running proxy, its key, the port on which it looks for its provider, and the folder of its notes server."""

    url: str
    key: str
    upstream_port: int
    home: Path

    @property
    def counted(self):
        """The calls that the gateway's server has really run, one line each."""
        file = self.home / "counted"
        return file.read_text().splitlines() if file.exists() else []


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def configuration(home, upstream_port):
    upstream = {"api_base": f"http://127.0.0.1:{upstream_port}/v1", "api_key": UPSTREAM_KEY}
    return {
        "model_list": [
            {"model_name": name, "litellm_params": {"model": f"openai/scripted-{name}", **upstream}}
            for name in ("small", "large")
        ],
        # A fault of the provider is handed on as it is, and the next request tries again.
        "router_settings": {"num_retries": 0, "disable_cooldowns": True},
        "mcp_servers": {
            "notes": {
                "transport": "stdio",
                "command": "python",  # only a few base names are allowed; PATH says which python it is
                "args": [str(NOTES)],
                "env": {"NOTES_DIR": str(home), "NOTES_COUNT": str(home / "counted")},
            }
        },
    }


def wait_until_alive(process, url, log):
    """Ask until it answers: the proxy is another process, and this is how it tells that it listens."""
    until = time.monotonic() + 90
    while time.monotonic() < until:
        assert process.poll() is None, f"the proxy has ended:\n{log.read_text()}"
        try:
            with urllib.request.urlopen(f"{url}/health/liveliness", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"the proxy does not answer:\n{log.read_text()}")


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    home = tmp_path_factory.mktemp("litellm")
    found = Proxy(f"http://127.0.0.1:{free_port()}", f"sk-{secrets.token_hex(24)}", free_port(), home)
    (home / "config.yaml").write_text(json.dumps(configuration(home, found.upstream_port)))  # JSON is YAML
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "LITELLM_MASTER_KEY": found.key,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_ENABLE_MCP_STDIO": "true",
    }
    arguments = ["--config", "config.yaml", "--host", "127.0.0.1", "--port", found.url.rpartition(":")[2]]
    log = home / "log"
    with log.open("w") as output:
        process = subprocess.Popen([LITELLM, *arguments], cwd=home, env=environment, stdout=output, stderr=output)
    try:
        wait_until_alive(process, found.url, log)
        yield found
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
async def model(script, proxy):
    """The proxy's provider, where the proxy looks for it; it takes the proxy's key only."""
    models = ("scripted-small", "scripted-large")
    async with ModelServer(script, port=proxy.upstream_port, api_key=UPSTREAM_KEY, models=models) as server:
        yield server


@pytest.fixture
def bot(bot, proxy):
    bot.configure_mcp()
    bot.environment |= {"LITELLM_API_BASE": proxy.url, "LITELLM_API_KEY": proxy.key, "MODEL_NAME": "small"}
    return bot


def recorded_turns(bot):
    """What the bot's journal holds of each turn, once the bot has been stopped."""
    with sqlite3.connect(bot.database) as database:
        return database.execute("SELECT model, outcome, input_tokens, output_tokens FROM turns").fetchall()


def answers_in(discord_, channel):
    return [message.content for message in discord_.messages(channel) if message.author.id == discord_.bot.id]


@pytest.mark.parametrize(("path", "name"), [("", "small"), ("/v1", "large")])
async def test_answer_is_streamed_and_its_usage_kept(bot, discord_, script, model, proxy, path, name):
    bot.environment |= {"LITELLM_API_BASE": proxy.url + path, "MODEL_NAME": name}
    await bot.start()
    alice, general = discord_.user("alice"), discord_.channel("general")
    script.then(say("Half of it is here, and the other half comes later.", usage=(123, 45)))
    gate = script.hold()
    await discord_.send(alice, general, bot.mention("hello"))
    answer = await bot.said(general, "Half of it")
    assert "later" not in answer.content
    gate.release()
    await bot.said(general, "Half of it is here, and the other half comes later.")
    assert answers_in(discord_, general) == [answer.content]
    assert [(request.model, request.stream) for request in model.requests] == [(f"scripted-{name}", True)]
    await bot.stop()
    assert recorded_turns(bot) == [(name, "answered", 123, 45)]
    # The name is on the proxy's list and the list could be read.
    assert "model_not_offered" not in bot.log
    assert "model_endpoint_not_usable" not in bot.log


async def test_tools_of_the_gateway_run_by_policy_or_after_approval(bot, discord_, script, model, proxy):
    headers = {"Authorization": "Bearer ${LITELLM_API_KEY}"}
    bot.configure_mcp(gateway={"url": f"{proxy.url}/mcp/", "headers": headers})
    bot.configure('[tools.policy]\n"gateway/notes-write_note" = "auto"\n')
    await bot.start()
    alice, general = discord_.user("alice"), discord_.channel("general")
    script.then(call("notes-write_note", _id="w", name="todo", text="milk"), text="I write it down.")
    script.then(call("notes-read_note", _id="r", name="todo"))
    script.then(call("notes-delete_note", _id="d", name="todo"))
    script.then(say("Written, read and deleted.", usage=(50, 5)))
    await discord_.send(alice, general, bot.mention("write, read, delete"))
    card = await bot.card(general, "notes-delete_note")
    assert (proxy.home / "todo.txt").read_text() == "milk"
    await discord_.react(alice, card, "✅")
    await bot.said(general, "Written, read and deleted.")
    assert "Approved" in card.content
    assert bot.shown(general, "May I run") == []
    assert not (proxy.home / "todo.txt").exists()
    assert [line.split()[0] for line in proxy.counted] == ["write_note", "read_note", "delete_note"]
    results = {m["tool_call_id"]: m["content"] for m in model.requests[-1].messages if m["role"] == "tool"}
    assert results == {"w": "wrote todo", "r": "milk", "d": "deleted todo"}
    assert {"notes-write_note", "notes-delete_note"} <= set(model.requests[0].tool_names)


@pytest.mark.parametrize(
    ("environment", "sentence", "event"),
    [
        ({"MODEL_NAME": "enormous"}, "The endpoint does not know my model; whoever runs me", "model_not_offered"),
        ({"LITELLM_API_KEY": "sk-wrong-0123456789"}, "The model endpoint refused my key", "model_endpoint_not_usable"),
    ],
    ids=["model", "key"],
)
async def test_wrong_name_or_key_is_told_in_one_sentence(bot, discord_, model, environment, sentence, event):
    """The operator is told at the start, each user in one sentence, and the bot goes on."""
    bot.environment |= environment
    await bot.start()
    alice, bob, general = discord_.user("alice"), discord_.user("bob"), discord_.channel("general")
    await discord_.send(alice, general, bot.mention("hello"))
    first = await bot.said(general, sentence)
    await discord_.send(bob, discord_.channel("lab"), bot.mention("hello"))
    await bot.said(discord_.channel("lab"), sentence)
    assert answers_in(discord_, general) == [first.content]
    assert first.content.count(".") == 1
    assert bot.process.returncode is None
    assert event in bot.log
    assert model.requests == []


TOO_LONG = {
    "error": {"message": "This model's maximum context length is 10 tokens.", "code": "context_length_exceeded"}
}


async def test_faults_of_the_provider_are_told_in_one_sentence_each(bot, discord_, script):
    """Each comes through the proxy in its own words; the question after it is answered."""
    await bot.start()
    alice, channels = discord_.user("alice"), (discord_.channel("general"), discord_.channel("lab"))
    faults = {
        "fails": (Fault(status=500), "The model endpoint failed; please try again."),
        "hurries": (Fault(status=429), "The model is being asked too much right now; please try again in a minute."),
        "overflows": (
            Fault(status=400, body=TOO_LONG),
            "This conversation has become too long for the model; /reset starts a new one.",
        ),
    }
    script.when(lambda request: "again" in request.last_user_text, say("Now it works."))
    for (word, (fault, sentence)), channel in zip(faults.items(), cycle(channels), strict=False):
        script.when(lambda request, word=word: word in request.last_user_text, fault)
        await discord_.send(alice, channel, bot.mention(word))
        await bot.said(channel, sentence)
        assert len(bot.shown(channel, sentence)) == 1
    await discord_.send(alice, channels[0], bot.mention("again"))
    await bot.said(channels[0], "Now it works.")
    assert bot.process.returncode is None


async def test_answer_that_breaks_off_is_told_in_one_sentence(bot, discord_, script, model):
    """What had come stays to be read; the provider is gone before the rest."""
    await bot.start()
    alice, general = discord_.user("alice"), discord_.channel("general")
    script.then(say("Half of it is here, and the other half never comes."))
    script.hold()
    await discord_.send(alice, general, bot.mention("hello"))
    begun = await bot.said(general, "Half of it")
    await model.stop()
    await bot.said(general, "The model's answer broke off half way; please try again.")
    assert "never" not in begun.content
    await model.start()
    script.then(say("Now it works."))
    await discord_.send(alice, general, bot.mention("again"))
    await bot.said(general, "Now it works.")
