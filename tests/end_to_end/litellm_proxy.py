"""A real LiteLLM proxy for tests: started once for a file, with models whose provider is a scripted endpoint."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LITELLM = ROOT / ".venv-litellm" / "bin" / "litellm"
UPSTREAM_KEY = "sk-what-the-proxy-shows-its-provider"

needs_litellm = pytest.mark.skipif(
    not LITELLM.exists(), reason="LiteLLM is not installed; `make test-needs` puts it into .venv-litellm"
)


@dataclass(frozen=True)
class Proxy:
    """A running proxy, its master key, the port on which it looks for its provider, and its folder.

    Other keys need a PostgreSQL database of the proxy's own, and its client for that downloads a program at first use:
    what a key with narrower rights may do is not tested here.
    """

    url: str
    key: str
    upstream_port: int
    home: Path

    def upstream(self, model, **parameters):
        """The `litellm_params` of a model of the scripted provider."""
        address = f"http://127.0.0.1:{self.upstream_port}/v1"
        return {"model": f"openai/{model}", "api_base": address, "api_key": UPSTREAM_KEY} | parameters


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_alive(process, url, log):
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


@contextmanager
def running_proxy(home, configure, **variables):
    """A proxy that runs for the block.

    `configure` makes its configuration, an object or YAML, of the Proxy; it sees these variables beside its own.
    """
    proxy = Proxy(f"http://127.0.0.1:{_free_port()}", f"sk-{secrets.token_hex(24)}", _free_port(), home)
    configuration = configure(proxy)
    text = configuration if isinstance(configuration, str) else json.dumps(configuration)  # JSON is YAML
    (home / "config.yaml").write_text(text)
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "LITELLM_MASTER_KEY": proxy.key,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_ENABLE_MCP_STDIO": "true",
        **variables,
    }
    arguments = ["--config", "config.yaml", "--host", "127.0.0.1", "--port", proxy.url.rpartition(":")[2]]
    log = home / "log"
    with log.open("w") as output:
        process = subprocess.Popen([LITELLM, *arguments], cwd=home, env=environment, stdout=output, stderr=output)
    try:
        _wait_until_alive(process, proxy.url, log)
        yield proxy
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
