"""The real bot through a real LiteLLM proxy: chat, usage, its MCP gateway, and a wrong name or key."""

import base64
import io
import sqlite3

import pytest
from PIL import Image

from playground.model import call, say
from tests.end_to_end.conftest import NOTES
from tests.end_to_end.litellm_proxy import UPSTREAM_KEY, needs_litellm, running_proxy
from tests.marks import MarksTakenOut

pytestmark = needs_litellm


def configuration(proxy):
    return {
        "model_list": [
            {"model_name": name, "litellm_params": proxy.upstream(f"scripted-{name}")} for name in ("small", "large")
        ],
        "mcp_servers": {
            "notes": {
                "transport": "stdio",
                "command": "python",  # only a few base names are allowed; PATH says which python it is
                "args": [str(NOTES)],
                "env": {"NOTES_DIR": str(proxy.home), "NOTES_COUNT": str(proxy.home / "counted")},
            }
        },
    }


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    with running_proxy(tmp_path_factory.mktemp("litellm"), configuration) as found:
        yield found


@pytest.fixture
async def model(script, proxy):
    """The proxy's provider, where the proxy looks for it; it takes the proxy's key only."""
    models = ("scripted-small", "scripted-large")
    async with MarksTakenOut(script, port=proxy.upstream_port, api_key=UPSTREAM_KEY, models=models) as server:
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
    counted = (proxy.home / "counted").read_text().splitlines()
    assert [line.split()[0] for line in counted] == ["write_note", "read_note", "delete_note"]
    results = {m["tool_call_id"]: m["content"] for m in model.requests[-1].messages if m["role"] == "tool"}
    assert results == {"w": "wrote todo", "r": "milk", "d": "deleted todo"}
    assert {"notes-write_note", "notes-delete_note"} <= set(model.requests[0].tool_names)


def _code(lines):
    return "\n".join(f"print('line {number} of the program that was asked for')" for number in range(lines))


async def test_gateway_direct_server_image_and_an_answer_in_three_parts_in_one_conversation(
    bot, discord_, script, model, proxy
):
    headers = {"Authorization": "Bearer ${LITELLM_API_KEY}"}
    bot.configure_mcp(gateway={"url": f"{proxy.url}/mcp/", "headers": headers}, direct=bot.notes_server)
    policy = '"gateway/notes-read_note" = "auto"\n"direct/write_note" = "auto"\n'
    bot.configure(f"[tools.policy]\n{policy}[answers]\ncode_file_over = 0\n")
    await bot.start()
    alice, general = discord_.user("alice"), discord_.channel("general")
    (proxy.home / "todo.txt").write_text("milk")
    script.then(call("notes-read_note", _id="r", name="todo"))
    script.then(call("write_note", _id="w", name="copy", text="milk"))
    script.then(say("Copied."))
    await discord_.send(alice, general, bot.mention("copy the note"))
    await bot.said(general, "Copied.")
    assert (bot.notes / "copy.txt").read_text() == "milk"

    picture = io.BytesIO()
    Image.new("RGB", (320, 200), "teal").save(picture, "PNG")
    script.then(say("It is teal."))
    await discord_.send(alice, general, bot.mention("which colour?"), attachments=[("a.png", picture.getvalue(), "")])
    await bot.said(general, "It is teal.")
    (shown,) = [block for block in model.requests[-1].messages[-1]["content"] if block["type"] == "image_url"]
    url = shown["image_url"]["url"]
    assert Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).size == (320, 200)

    text = f"{'Here it comes. ' * 60}\n\n```python\n{_code(70)}\n```\nThat is all."
    script.then(say(text, chunks=120, delay=0.02))
    await discord_.send(alice, general, bot.mention("write it"))
    await bot.said(general, "That is all.", timeout=30)
    parts = [m.content for m in discord_.messages(general) if m.author.id == discord_.bot.id][-3:]
    assert parts[0].startswith("Here it comes.")
    assert all(len(part) <= 2000 and part.count("```") % 2 == 0 for part in parts)
    assert parts[1].startswith("```python\n")
    code = "\n".join(line for part in parts for line in part.splitlines() if line.startswith("print("))
    assert code == _code(70)
    assert discord_.rate_limited == 0
    texts = [m.get("content") for m in model.requests[-1].messages if m["role"] == "assistant"]
    assert texts[-2:] == ["Copied.", "It is teal."]


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
