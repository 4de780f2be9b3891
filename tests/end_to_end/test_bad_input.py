"""What is wrong is said in one sentence where somebody can act on it, and whatever can go on goes on."""

import sys

import pytest

from playground.model import Fault, ModelServer, call, say

UNSET = dict.fromkeys(("DISCORD_TOKEN", "LITELLM_API_BASE", "MODEL_NAME"), "")

# What is set wrongly, what stands in clew.toml, and what is said about it.
REFUSED = {
    "nothing set": (
        UNSET,
        "",
        [
            "DISCORD_TOKEN is not set; it is the bot's token from Discord's Developer Portal.",
            "LITELLM_API_BASE is not set; it is the address of your LiteLLM proxy.",
            "MODEL_NAME is not set; it is the name of a model at your LiteLLM proxy.",
        ],
    ),
    "no address": (
        {"LITELLM_API_BASE": "localhost:4000"},
        "",
        ["LITELLM_API_BASE: it must begin with http:// or https://."],
    ),
    "no TOML": ({}, "[model\nstep_limit = 3\n", ["clew.toml is not valid TOML: "]),
    "wrong values": (
        {},
        '[model]\nstep_limits = 3\n[tools.policy]\n"delete_*" = "sometimes"\n',
        [
            "clew.toml, model.step_limits: there is no such setting",
            "clew.toml, tools.policy.delete_*: Input should be 'auto'",
        ],
    ),
    "no room for the database": (
        {"CLEW_DATABASE_URL": "sqlite:///clew.toml/clew.db"},
        "",
        ["The folder of the database clew.toml/clew.db cannot be made: "],
    ),
    "a folder for a database": ({"CLEW_DATABASE_URL": "sqlite:///notes"}, "", ["The database notes cannot be used: "]),
    "no database": ({"CLEW_DATABASE_URL": "sqlite:///mcp.json"}, "", ["The database mcp.json cannot be used: "]),
    "wrong token": ({"DISCORD_TOKEN": "a.wrong.token"}, "", ["Discord refused the token; DISCORD_TOKEN must be"]),
    "no Discord": ({"CLEW_DISCORD_URL": "http://127.0.0.1:9"}, "", ["Discord cannot be reached: "]),
}


@pytest.mark.parametrize("wrong", REFUSED)
async def test_what_it_cannot_run_with_is_told_in_one_line_each(bot, wrong):
    environment, toml, sentences = REFUSED[wrong]
    bot.configure(toml)
    code, printed = await bot.command("run", environment=environment)
    assert code == 1
    assert "Traceback" not in printed
    lines = [line for line in printed.splitlines() if not line.startswith("{")]
    assert len(lines) == len(sentences)
    for line, sentence in zip(lines, sentences, strict=True):
        assert line.startswith(sentence)


async def test_model_failures_are_told_to_the_user_and_the_next_message_is_answered(bot, discord_, script, model):
    bot.configure("[model]\nretries = 1\n")
    await bot.start()
    alice, bob = discord_.user("alice"), discord_.user("bob")
    key = bot.environment["LITELLM_API_KEY"]
    refused = {"error": {"message": f"Incorrect API key provided: {key}.", "code": "invalid_api_key"}}
    failures = [
        ([Fault(status=500)] * 2, "The model endpoint failed; please try again."),
        ([Fault(status=200, html=True)], "The model endpoint answered something I could not read"),
        ([Fault(status=401, body=refused)], "The model endpoint refused my key"),
        ([Fault(cut_after=3)] * 2, "The model's answer broke off half way"),
        ([Fault(status=400)], "The model endpoint would not take this request"),
    ]
    channels = [discord_.channel("general"), discord_.channel("lab"), discord_.dm(alice), discord_.dm(bob)]
    places = [(alice, channel) for channel in channels[:3]] + [(bob, channels[3]), (bob, channels[0])]
    for (user, channel), (faults, sentence) in zip(places, failures, strict=True):
        for fault in faults:
            script.then(fault)
        await discord_.send(user, channel, bot.mention("first"))
        await bot.said(channel, sentence)
        script.then(say(f"Here I am, {user.name}."))
        await discord_.send(user, channel, bot.mention("second"))
        await bot.said(channel, f"Here I am, {user.name}.")
        # The failed turn stands in the conversation as one that was closed.
        assert [m["role"] for m in model.requests[-1].messages] == ["system", "user", "assistant", "user"]
    assert "[redacted]" in bot.log
    await model.stop()
    await discord_.send(alice, channels[0], bot.mention("third"))
    await bot.said(channels[0], "I could not reach the model; please try again in a moment.", timeout=30)
    await model.start()
    script.then(say("Here I am again."))
    await discord_.send(alice, channels[0], bot.mention("fourth"))
    await bot.said(channels[0], "Here I am again.")
    # A tool's server that dies under a call is one failed call.
    script.then(call("crash"))
    script.then(call("list_notes"))
    script.then(say("It crashed."))
    await discord_.send(alice, channels[1], bot.mention("crash it"))
    card = await bot.card(channels[1], "crash")
    await discord_.react(alice, card, "✅")
    await bot.said(channels[1], "It crashed.")
    assert bot.runs("crash") == 1
    assert bot.process.returncode is None


async def test_unknown_model_and_broken_mcp_file_leave_the_bot_up(bot, discord_, script):
    (bot.home / "mcp.json").write_text("{broken")
    async with ModelServer(script, models=("another",)) as server:
        bot.environment["LITELLM_API_BASE"] = server.base_url
        await bot.start()
        alice, general = discord_.user("alice"), discord_.channel("general")
        await discord_.send(alice, general, bot.mention("hello"))
        await bot.said(general, "The endpoint does not know my model; whoever runs me has to look at it.")
        assert '"offered": ["another"]' in bot.log
        assert "mcp_config_broken" in bot.log
        assert server.requests[0].tool_names
        await discord_.send(alice, general, bot.mention("hello again"))
        await server.wait_for_requests(2)
        assert bot.process.returncode is None


async def test_dead_mcp_servers_take_only_their_own_tools_away(bot, discord_, script, model):
    bot.configure_mcp(
        dead={"command": sys.executable, "args": ["-c", "raise SystemExit('no licence')"]},
        missing={"command": "no-such-command-anywhere"},
        notes=bot.notes_server,
    )
    await bot.start()
    alice, general = discord_.user("alice"), discord_.channel("general")
    script.then(call("list_notes"))
    script.then(say("There are none."))
    await discord_.send(alice, general, bot.mention("which notes are there?"))
    await bot.said(general, "There are none.")
    assert "list_notes" in model.requests[0].tool_names
    assert bot.runs("list_notes") == 1
    for server in ("dead", "missing"):
        assert any(f'"server": "{server}"' in line and '"error"' in line for line in bot.log.splitlines())
    assert "no licence" in bot.log
