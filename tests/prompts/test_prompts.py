"""Which prompt holds where, and that no mistake of an editor leaves the bot without one."""

import pytest
from structlog.testing import capture_logs

from checkpoints.database import open_database
from checkpoints.journal import Journal
from prompts.file import PromptFile
from prompts.resolve import LONGEST, Prompts, PromptSettings, Scope, shipped

GUILD, CHANNEL = 1, 2


@pytest.fixture
async def store(tmp_path):
    database = open_database(f"sqlite:///{tmp_path / 'clew.db'}")
    await database.upgrade()
    yield Journal(database).prompts
    await database.close()


async def test_nearest_prompt_holds_and_says_where_it_is_from(store, tmp_path):
    file = tmp_path / "prompt.md"
    file.write_text("from the file")
    prompts = Prompts(PromptSettings(text="from the setting", file=file), store)
    await prompts.set(Scope.GUILD, GUILD, "of the guild", 9)
    await prompts.set(Scope.CHANNEL, CHANNEL, "of the channel", 9)

    found = [await prompts.resolve(GUILD, CHANNEL)]
    await prompts.reset(Scope.CHANNEL, CHANNEL)
    found.append(await prompts.resolve(GUILD, CHANNEL))
    await prompts.reset(Scope.GUILD, GUILD)
    found.append(await prompts.resolve(GUILD, CHANNEL))
    found.append(await Prompts(PromptSettings(text="from the setting"), store).resolve(GUILD, CHANNEL))
    found.append(await Prompts(PromptSettings(), store).resolve(GUILD, CHANNEL))

    assert [one.text for one in found] == [
        "of the channel",
        "of the guild",
        "from the file",
        "from the setting",
        shipped(),
    ]
    assert [one.why for one in found] == [
        "set for this channel",
        "set for this server",
        "from the operator's file",
        "from the operator's settings",
        "the one that clew ships with",
    ]


async def test_prompt_of_a_guild_does_not_hold_in_direct_messages_or_elsewhere(store):
    prompts = Prompts(PromptSettings(text="setting"), store)
    await prompts.set(Scope.GUILD, GUILD, "of the guild", 9)
    await prompts.set(Scope.CHANNEL, CHANNEL, "of the channel", 9)

    assert (await prompts.resolve(None, 3)).text == "setting"
    assert (await prompts.resolve(7, 3)).text == "setting"
    assert (await prompts.resolve(CHANNEL, GUILD)).text == "setting"


async def test_reset_tells_whether_there_was_one(store):
    prompts = Prompts(PromptSettings(), store)
    await prompts.set(Scope.CHANNEL, CHANNEL, "x", 9)

    assert await prompts.reset(Scope.CHANNEL, CHANNEL)
    assert not await prompts.reset(Scope.CHANNEL, CHANNEL)


@pytest.mark.parametrize("text", ["", " ", "\n\t", "x" * (LONGEST + 1)])
async def test_empty_or_too_long_prompt_is_refused_and_the_old_one_stays(store, text):
    prompts = Prompts(PromptSettings(), store)
    await prompts.set(Scope.CHANNEL, CHANNEL, "good", 9)
    with pytest.raises(ValueError, match=r"^A prompt can"):
        await prompts.set(Scope.CHANNEL, CHANNEL, text, 9)

    assert (await prompts.resolve(None, CHANNEL)).text == "good"


async def test_longest_prompt_is_taken(store):
    prompts = Prompts(PromptSettings(), store)
    await prompts.set(Scope.CHANNEL, CHANNEL, "x" * LONGEST, 9)

    assert len((await prompts.resolve(None, CHANNEL)).text) == LONGEST


async def test_changed_file_holds_from_the_next_turn_on(tmp_path):
    path = tmp_path / "prompt.md"
    file = PromptFile(path)
    seen = []
    for text in ("one", "two", "two longer", "one"):
        path.write_text(f"\n{text}\n")
        seen.append(await file.read())

    assert seen == ["one", "two", "two longer", "one"]


def _missing(path):
    path.unlink()


def _empty(path):
    path.write_text(" \n")


def _not_utf8(path):
    path.write_bytes(b"caf\xe9")


def _folder(path):
    path.unlink()
    path.mkdir()


def _too_large(path):
    path.write_text("x" * 200_001)


def _dangling(path):
    path.unlink()
    path.symlink_to("nowhere")


@pytest.mark.parametrize("spoil", [_missing, _empty, _not_utf8, _folder, _too_large, _dangling])
async def test_broken_file_keeps_the_last_good_prompt_and_is_reported_once(tmp_path, spoil):
    path = tmp_path / "prompt.md"
    path.write_text("good")
    file = PromptFile(path)
    assert await file.read() == "good"
    spoil(path)
    with capture_logs() as logs:
        assert [await file.read() for _ in range(3)] == ["good"] * 3

    assert [one["event"] for one in logs] == ["prompt_file_broken"]
    assert str(path) in logs[0]["path"]


async def test_mended_file_holds_and_a_second_break_is_reported_again(tmp_path):
    path = tmp_path / "prompt.md"
    file = PromptFile(path)
    with capture_logs() as logs:
        assert await file.read() is None
        path.write_text("mended")
        assert await file.read() == "mended"
        path.unlink()
        assert await file.read() == "mended"

    assert [one["kept"] for one in logs] == [False, True]


async def test_file_that_never_was_falls_back_to_the_setting(store, tmp_path):
    settings = PromptSettings(text="setting", file=tmp_path / "none.md")

    assert (await Prompts(settings, store).resolve(None, CHANNEL)).text == "setting"
