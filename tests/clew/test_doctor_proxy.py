"""What `clew doctor` says of the LiteLLM proxy and its model."""

import asyncio

from playground.model import Fault, ModelServer, say


async def test_proxy_that_cannot_be_reached(setup, free_port):
    setup.set(LITELLM_API_BASE=f"http://127.0.0.1:{free_port}")
    (await setup.doctor(ask=True)).only("failed", "Nothing answers at http://127.0.0.1", "Start the proxy")


async def test_address_that_answers_with_a_page(setup):
    setup.set(LITELLM_API_BASE=setup.discord.url.replace("//", "//operator:hidden-word@"))
    page = asyncio.start_server(answer_html, "127.0.0.1", 0)
    async with await page as server:
        port = server.sockets[0].getsockname()[1]
        setup.set(LITELLM_API_BASE=f"http://operator:hidden-word@127.0.0.1:{port}")
        report = await setup.doctor(ask=True)

    report.only("failed", "answers with an HTML page (status 200)", "not that of its admin page".capitalize())
    assert "hidden-word" not in report.text


async def answer_html(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    body = b"<!doctype html><title>Open WebUI</title>"
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    await writer.drain()
    writer.close()


async def test_address_with_a_wrong_path(setup):
    setup.set(LITELLM_API_BASE=setup.model.base_url + "/ui")
    (await setup.doctor()).only("failed", "/v1/ui/v1/models", "LITELLM_API_BASE must be the proxy's own address")


async def test_key_that_the_proxy_refuses(setup):
    setup.set(LITELLM_API_KEY="sk-another-key-altogether")
    report = await setup.doctor(ask=True)

    report.only("failed", "The proxy refuses the key (401: Incorrect API key provided)", "virtual key")
    assert "sk-another-key-altogether" not in report.text


async def test_model_that_the_proxy_does_not_offer(setup):
    setup.set(MODEL_NAME="godo")
    (await setup.doctor(ask=True)).only("failed", "The proxy does not offer godo.", "a name it offers: good")
    assert setup.model.requests == []


async def test_model_list_without_context_lengths(setup, script):
    async with ModelServer(script, api_key=setup.key, models=("good",)) as silent:
        setup.set(LITELLM_API_BASE=silent.base_url)
        report = await setup.doctor()

    report.only("warning", "does not tell how much good can read", "max_input_tokens", "window_tokens")


async def test_window_of_the_settings_caps_the_length_and_stands_in_for_one_that_is_not_told(setup, script):
    setup.write("clew.toml", "[model]\nwindow_tokens = 50000\n")
    capped = await setup.doctor()
    async with ModelServer(script, api_key=setup.key, models=("good",)) as silent:
        setup.set(LITELLM_API_BASE=silent.base_url)
        alone = await setup.doctor()

    assert capped.of("warning") + alone.of("warning") == []
    assert "good reads 128,000 tokens; clew uses 50,000 of them" in capped.text
    assert "window_tokens in clew.toml says 50,000." in alone.text


async def test_window_that_is_larger_than_what_the_model_reads(setup):
    setup.write("clew.toml", "[model]\nwindow_tokens = 200000\n")
    (await setup.doctor()).only("warning", "window_tokens is 200,000, but good reads 128,000", "128000")


async def test_model_whose_provider_fails(setup):
    fault = Fault(status=401, body={"error": {"message": f"provider key {setup.key} is invalid", "type": "auth"}})
    setup.script.then(fault)
    (await setup.doctor(ask=True)).only("failed", "A request to good failed", "[redacted] is invalid", "own log")


async def test_half_of_a_key_at_a_cut_is_not_told(setup):
    setup.script.then(Fault(status=401, body={"error": {"message": f"{setup.key} " * 100, "type": "auth"}}))
    finding = (await setup.doctor(ask=True)).only("failed", "A request to good failed", "[redacted] [redacted]")
    assert setup.key[:4] not in finding


async def test_model_that_takes_no_tools(setup):
    refusal = Fault(status=400, body={"error": {"message": "good does not support tools", "type": "invalid"}})
    setup.script.then(refusal)
    setup.script.then(say("It is late."))
    (await setup.doctor(ask=True)).only(
        "failed", "good answers, but not when it is offered tools", "that can call tools"
    )


async def test_model_that_answers_without_calling_the_tool(setup):
    setup.script.then(say("It is late."))
    (await setup.doctor(ask=True)).only("warning", "it did not call the tool")
