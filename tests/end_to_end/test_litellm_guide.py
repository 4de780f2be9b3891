"""The configuration that docs/litellm.md gives: a real proxy runs on it, and clew has nothing to say against it."""

import re
from pathlib import Path

import pytest

from playground.model import ModelServer, call
from tests.end_to_end.litellm_proxy import needs_litellm, running_proxy

GUIDE = Path(__file__).parents[2] / "docs" / "litellm.md"
OWN_MODEL = "http://127.0.0.1:8000/v1"

pytestmark = needs_litellm


def configuration(proxy):
    """The guide's, with its own model where the tests' is."""
    found = re.search(r"```yaml\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)[1]
    assert OWN_MODEL in found
    return found.replace(OWN_MODEL, f"http://127.0.0.1:{proxy.upstream_port}/v1")


@pytest.fixture
def proxy(tmp_path_factory):
    home = tmp_path_factory.mktemp("litellm")
    with running_proxy(home, configuration, OPENAI_API_KEY="sk-not-asked-for-here") as found:
        yield found


@pytest.fixture
async def model(script, proxy):
    async with ModelServer(script, port=proxy.upstream_port, models=("qwen3",)) as server:
        yield server


async def test_proxy_of_the_guide_is_all_right_and_a_wrong_key_and_name_are_told(bot, proxy, script):
    right = {"LITELLM_API_BASE": proxy.url, "LITELLM_API_KEY": proxy.key, "MODEL_NAME": "local"}
    script.then(call("current_time", zone="Tokyo"))
    code, told = await bot.command("doctor", environment=right)
    assert (code, "warning " in told, "failed " in told) == (0, False, False), told
    assert "local reads 32,768 tokens" in told
    assert "local answers and calls tools." in told

    code, told = await bot.command("doctor", environment=right | {"MODEL_NAME": "lokal"})
    assert code == 1
    assert "a name it offers: local" in told

    code, told = await bot.command("doctor", environment=right | {"LITELLM_API_KEY": "sk-another"})
    assert code == 1
    assert "The proxy refuses the key" in told
    assert proxy.key not in told
