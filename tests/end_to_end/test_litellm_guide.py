"""The configuration that docs/litellm.md gives: a real proxy runs on it, and clew has nothing to say against it."""

import os
import re
import secrets
import subprocess
from pathlib import Path

import pytest

from playground.model import ModelServer, call
from tests.end_to_end.test_litellm import LITELLM, free_port, wait_until_alive

GUIDE = Path(__file__).parents[2] / "docs" / "litellm.md"

pytestmark = pytest.mark.skipif(
    not LITELLM.exists(), reason="LiteLLM is not installed; `make test-needs` puts it into .venv-litellm"
)


@pytest.fixture
async def model(script):
    async with ModelServer(script, models=("qwen3",)) as server:
        yield server


@pytest.fixture
def proxy(tmp_path, model):
    """The guide's proxy, with its own model where the tests' is; gives its address and key."""
    config = re.search(r"```yaml\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)[1]
    assert "http://127.0.0.1:8000/v1" in config
    (tmp_path / "config.yaml").write_text(config.replace("http://127.0.0.1:8000/v1", model.base_url))
    key, port = f"sk-{secrets.token_hex(24)}", free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "OPENAI_API_KEY": "sk-not-asked-for-here",
        "LITELLM_MASTER_KEY": key,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    log = tmp_path / "proxy.log"
    with log.open("w") as output:
        arguments = ["--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)]
        process = subprocess.Popen([LITELLM, *arguments], cwd=tmp_path, env=environment, stdout=output, stderr=output)
    try:
        wait_until_alive(process, f"http://127.0.0.1:{port}", log)
        yield f"http://127.0.0.1:{port}", key
    finally:
        process.kill()
        process.wait()


async def test_proxy_of_the_guide_is_all_right_and_a_wrong_key_and_name_are_told(bot, proxy, script):
    url, key = proxy
    right = {"LITELLM_API_BASE": url, "LITELLM_API_KEY": key, "MODEL_NAME": "local"}
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
    assert key not in told
