"""What `clew doctor` says of MCP servers and the file that names them."""

import sys


async def test_mcp_server_whose_command_is_not_installed_and_others_that_run(setup):
    missing = {"command": "uvx", "args": ["mcp-server-time"], "env": {"PATH": str(setup.home)}}
    setup.servers(time=missing | {"command": "/nowhere/uvx"}, notes=setup.notes)
    report = await setup.doctor()

    report.only("failed", "time does not start: there is no '/nowhere/uvx' to run", "Install uv")
    assert "notes runs and offers" in report.text


async def test_mcp_server_that_ends_at_once_is_told_with_its_last_words(setup):
    words = "raise SystemExit('no such folder, and the word is ' + __import__('os').environ['WORD'])"
    setup.servers(files={"command": sys.executable, "args": ["-c", words], "env": {"WORD": "open-sesame"}})
    finding = (await setup.doctor()).only(
        "failed", "files does not start", "no such folder, and the word is [redacted]"
    )
    assert "open-sesame" not in finding


async def test_mcp_server_that_refuses_the_credentials(setup):
    headers = {"Authorization": "Bearer a-wrong-credential"}
    setup.servers(gateway={"url": f"{setup.discord.api_base}/users/@me", "headers": headers})
    report = await setup.doctor()

    report.only("failed", "gateway does not start", "401", "look at headers or env of this server in mcp.json")
    assert "a-wrong-credential" not in report.text


async def test_variable_of_mcp_json_that_is_not_set(setup):
    setup.servers(notes=setup.notes, search={"command": "x", "env": {"KEY": "${SEARCH_API_KEY}"}})
    report = await setup.doctor()

    report.only("failed", "'search' is left out", "Set SEARCH_API_KEY in the environment or in .env")
    assert "notes runs" in report.text


async def test_variable_of_mcp_json_is_found_in_the_env_file(setup):
    folder = setup.home / "kept"
    folder.mkdir()
    setup.write(".env", f"NOTES_HOME={folder}\n")
    setup.servers(notes=setup.notes | {"env": {"NOTES_DIR": "${NOTES_HOME}"}})

    assert (await setup.doctor()).well


async def test_mcp_json_that_is_no_json(setup):
    setup.write("mcp.json", "{'mcpServers': {}}")
    (await setup.doctor()).only("failed", "mcp.json, line 1: this is not JSON", "docs/mcp.example.json")


async def test_verdicts_are_counted_by_the_policy(setup):
    setup.write("clew.toml", '[tools.policy]\n"notes/*" = "deny"\n')
    report = await setup.doctor()

    (mcp,) = [line for line in report.of("ok") if "notes runs" in line]
    assert "0 run by themselves, 0 ask," in mcp
