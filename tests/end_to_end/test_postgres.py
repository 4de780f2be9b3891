"""clew on PostgreSQL as an operator meets it: the bot, the commands beside it, and two processes of one name."""

import asyncio

import pytest

from playground.model import call, say
from tests.databases import new_database, postgres_server
from tests.end_to_end.conftest import Bot, checked


@pytest.fixture(scope="module")
def postgres():
    with postgres_server() as server:
        yield server


async def test_bot_and_its_commands_on_postgres_and_the_later_of_two_of_one_name(
    tmp_path, postgres, discord_, model, script
):
    url = new_database(postgres)
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = (Bot(tmp_path / name, discord_, model) for name in ("one", "two"))
    for bot in (one, two):
        bot.environment |= {"CLEW_DATABASE_URL": url, "CLEW_OWNER": "the bot"}
    with checked(one), checked(two):
        code, printed = await one.command("db", "upgrade")
        assert (code, "is up to date" in printed) == (0, True)
        await one.start()
        script.then(call("write_note", name="kept", text="x"))
        script.then(say("It is kept."))
        alice, general = discord_.user("alice"), discord_.channel("general")
        await discord_.send(alice, general, one.mention("keep it"))
        await discord_.react(alice, await one.card(general, "write_note"), "✅")
        await one.said(general, "It is kept.")
        await one.closed(1)

        code, printed = await one.command("history")
        assert (code, "keep it" in printed) == (0, True)
        code, printed = await one.command("history", "approvals")
        assert (code, "approved" in printed) == (0, True)
        code, printed = await one.command("doctor", "--no-ask")
        assert "can be written and is up to date" in printed

        # The same name again, in place of a restart that was not clean: the earlier one ends, and says why.
        await two.start()
        assert await asyncio.wait_for(one.process.wait(), 40) == 1
        assert "A later clew named 'the bot' works on this database" in one.log
        script.then(say("I am the later one."))
        await discord_.send(alice, general, two.mention("who are you?"))
        await two.said(general, "I am the later one.")
        assert len(two.shown(general, "I am the later one.")) == 1
        await two.kill()


async def test_database_that_is_not_there_is_told_in_one_sentence(bot):
    bot.environment["CLEW_DATABASE_URL"] = "postgresql://me:a-secret-word@127.0.0.1:1/clew"
    code, printed = await bot.command("run")
    assert code == 1
    assert "The database postgresql://me:***@127.0.0.1:1/clew cannot be used" in printed
    assert "a-secret-word" not in printed
    assert "Traceback" not in printed
