"""The guides in docs/: what can be wrong in them is compared with what the program does."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from clew.cli import app
from clew.doctor.files import check_files
from clew.settings import ConfigFile, Environment, Settings
from discord_adapter.checkup import NEEDED, OPTIONAL
from tools.mcp_config import load_mcp_config

ROOT = Path(__file__).parents[2]
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ROOMS = ("clew", "discord_adapter", "graph", "tools", "checkpoints", "prompts")


def guide(name):
    return (ROOT / "docs" / name).read_text("utf-8")


def blocks(text, language):
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)


def rows(text):
    """The rows of all tables, each as its cells, without headings."""
    lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith("| ---")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_example_of_mcp_servers_can_be_used_as_it_is():
    config = load_mcp_config(ROOT / "docs" / "mcp.example.json", environ={"BRAVE_API_KEY": "a-key"})

    assert config.problems == ()
    assert sorted(config.servers) == ["files", "search", "time", "wikipedia"]
    assert config.servers["files"].args[-1] == "data/files"
    assert config.servers["search"].env == {"BRAVE_API_KEY": "a-key"}


def test_example_without_a_key_leaves_the_search_out_and_the_rest_starts():
    config = load_mcp_config(ROOT / "docs" / "mcp.example.json", environ={})

    assert sorted(config.servers) == ["files", "time", "wikipedia"]
    assert "BRAVE_API_KEY is not set" in config.problems[0]


def test_guide_to_mcp_servers_names_all_of_the_example_and_its_entries_can_be_read(tmp_path):
    named = {cells[0].strip("`") for cells in rows(guide("mcp.md"))[1:]}
    example = json.loads((ROOT / "docs" / "mcp.example.json").read_text("utf-8"))
    assert named == set(example["mcpServers"])
    for block in blocks(guide("mcp.md"), "json"):
        (tmp_path / "mcp.json").write_text(block)
        assert load_mcp_config(tmp_path / "mcp.json", environ={"HTTPS_PROXY": "x"}).problems == ()


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.name)
def test_links_into_the_repository_lead_somewhere(path):
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text("utf-8"))
    missing = [one for one in targets if "://" not in one and not (path.parent / one).exists()]
    assert missing == []


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.name)
def test_configuration_files_in_the_guides_can_be_read(path):
    for block in blocks(path.read_text("utf-8"), "toml"):
        ConfigFile.model_validate(tomllib.loads(block))


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.name)
def test_commands_in_the_guides_are_there(path):
    known = {command.name or command.callback.__name__ for command in app.registered_commands}
    known |= {group.name for group in app.registered_groups}
    named = set(re.findall(r"(?:bin/|`)clew ([a-z]+)", path.read_text("utf-8")))
    assert named <= known


def test_variables_of_the_former_bot_have_the_place_that_the_guide_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = Settings(Environment(), ConfigFile())
    looked_at = 0
    for before, now, _ in rows(guide("from-openwebui.md"))[1:]:
        for name in re.findall(r"`((?:OPENWEBUI|OPENAI)_\w+)`", before):
            (tmp_path / ".env").write_text(f"{name}=x\n")
            (finding,) = [one for one in check_files(settings, []) if one.text.startswith(name)]
            assert now.strip("`") in finding.mend
            looked_at += 1
    assert looked_at == 9


def test_sentences_of_the_troubleshooting_guide_are_those_of_the_program():
    """Those in backquotes; `…` stands for what differs. A few are other programs' own words."""
    code = "".join(path.read_text("utf-8") for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    code = re.sub(r'"\s*\n\s*f?"', "", code)  # a sentence that takes two lines
    told = {sentence for cells in rows(guide("troubleshooting.md")) for sentence in re.findall(r"`([^`]+)`", cells[0])}
    theirs = {"invalid peer certificate", "uvx", "npx", "/history"}
    parts = {part.strip() for sentence in told - theirs for part in sentence.split("…") if part.strip()}
    assert len(parts) > 20
    assert {part for part in parts if part not in code} == set()


def test_guide_to_discord_names_every_permission_that_the_doctor_looks_at():
    named = {title for cells in rows(guide("discord.md"))[1:] for title in cells[0].split(", ")}
    assert named == {*NEEDED.values(), *OPTIONAL.values()}
