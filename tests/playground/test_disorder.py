"""Events that come twice or out of order, as discord.py sees them."""


async def test_redelivered_message_comes_twice(local, bot, general, alice):
    message = await local.send(alice, general, "once")
    local.redeliver(message)
    await bot.hears("message", 2)

    assert [one.id for one in bot.told("message")] == [message.id] * 2
    assert len(local.messages(general)) == 1


async def test_any_event_can_be_redelivered(local, bot, general, alice):
    message = await local.send(alice, general, "once")
    with local.subscribe() as events:
        await local.react(alice, message, "✅")
        reaction = await events.get()
    await local.send(alice, general, "something in between")
    local.redeliver(reaction)
    await bot.hears("raw_reaction_add", 2)

    assert [str(one.emoji) for one in bot.told("raw_reaction_add")] == ["✅", "✅"]
    assert local.messages(general)[0].reactions["✅"].user_ids == [alice.id]


async def test_next_events_come_twice_and_those_after_them_once(local, bot, general, alice):
    local.repeat_next(times=2)
    for text in "abc":
        await local.send(alice, general, text)
    await bot.hears("message", 5)

    assert [one.content for one in bot.told("message")] == ["a", "a", "b", "b", "c"]


async def test_repeated_event_waits_for_its_name(local, bot, general, alice):
    local.repeat_next("MESSAGE_REACTION_ADD")
    message = await local.send(alice, general, "once")
    await local.react(alice, message, "✅")
    await bot.hears("raw_reaction_add", 2)

    assert len(bot.told("message")) == 1


async def test_events_of_two_channels_change_places_and_each_channel_keeps_its_order(local, bot, general, alice):
    lab = local.channel("lab")
    local.swap_next(general, lab)
    sent = await local.send(alice, general, "first")
    await local.react(alice, sent, "✅")
    await local.type(alice, lab)
    await local.send(alice, lab, "second")
    await bot.hears("raw_reaction_add")
    await local.send(alice, general, "third")
    await bot.hears("message", 3)

    assert [one.content for one in bot.told("message")] == ["second", "first", "third"]
    names = [name for name, _ in bot.heard]
    assert names.index("typing") < names.index("message")
    assert names.index("raw_reaction_add") > names.index("message")


async def test_swap_waits_for_the_first_channel(local, bot, general, alice):
    lab = local.channel("lab")
    local.swap_next(general, lab)
    await local.send(alice, lab, "nothing to wait for")
    await local.send(alice, general, "held")
    await local.send(alice, lab, "before it")
    await bot.hears("message", 3)

    assert [one.content for one in bot.told("message")] == ["nothing to wait for", "before it", "held"]
