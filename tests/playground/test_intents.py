"""Which events a session is sent, by the intents it identified with."""

import pytest

from playground import Event
from playground.intents import Intent, wants

BOT = 1
EVERYTHING = sum(Intent)

# docs events/gateway#list-of-intents, for events that happen here or could be published by a test.
IN_GUILDS = {
    Intent.GUILDS: (
        "GUILD_CREATE GUILD_UPDATE GUILD_DELETE GUILD_ROLE_CREATE GUILD_ROLE_UPDATE GUILD_ROLE_DELETE CHANNEL_CREATE "
        "CHANNEL_UPDATE CHANNEL_DELETE CHANNEL_PINS_UPDATE THREAD_CREATE THREAD_UPDATE THREAD_DELETE THREAD_LIST_SYNC "
        "THREAD_MEMBER_UPDATE"
    ),
    Intent.GUILD_MEMBERS: "GUILD_MEMBER_ADD GUILD_MEMBER_UPDATE GUILD_MEMBER_REMOVE THREAD_MEMBERS_UPDATE",
    Intent.GUILD_MODERATION: "GUILD_AUDIT_LOG_ENTRY_CREATE GUILD_BAN_ADD GUILD_BAN_REMOVE",
    Intent.GUILD_EXPRESSIONS: "GUILD_EMOJIS_UPDATE GUILD_STICKERS_UPDATE GUILD_SOUNDBOARD_SOUND_CREATE",
    Intent.GUILD_INTEGRATIONS: "GUILD_INTEGRATIONS_UPDATE",
    Intent.GUILD_WEBHOOKS: "WEBHOOKS_UPDATE",
    Intent.GUILD_MESSAGES: "MESSAGE_CREATE MESSAGE_UPDATE MESSAGE_DELETE MESSAGE_DELETE_BULK",
    Intent.GUILD_MESSAGE_REACTIONS: (
        "MESSAGE_REACTION_ADD MESSAGE_REACTION_REMOVE MESSAGE_REACTION_REMOVE_ALL MESSAGE_REACTION_REMOVE_EMOJI"
    ),
    Intent.GUILD_MESSAGE_TYPING: "TYPING_START",
    Intent.GUILD_SCHEDULED_EVENTS: "GUILD_SCHEDULED_EVENT_CREATE GUILD_SCHEDULED_EVENT_USER_ADD",
    Intent.GUILD_MESSAGE_POLLS: "MESSAGE_POLL_VOTE_ADD MESSAGE_POLL_VOTE_REMOVE",
}
IN_DMS = {
    Intent.DIRECT_MESSAGES: "MESSAGE_CREATE MESSAGE_UPDATE MESSAGE_DELETE CHANNEL_PINS_UPDATE",
    Intent.DIRECT_MESSAGE_REACTIONS: "MESSAGE_REACTION_ADD MESSAGE_REACTION_REMOVE",
    Intent.DIRECT_MESSAGE_TYPING: "TYPING_START",
    Intent.DIRECT_MESSAGE_POLLS: "MESSAGE_POLL_VOTE_ADD MESSAGE_POLL_VOTE_REMOVE",
}
CASES = [
    (intent, name, guild_id)
    for listed, guild_id in ((IN_GUILDS, 5), (IN_DMS, None))
    for intent, names in listed.items()
    for name in names.split()
]


@pytest.mark.parametrize(("intent", "name", "guild_id"), CASES)
def test_event_is_sent_for_its_intent_and_for_no_other(intent, name, guild_id):
    event = Event(name, {"user": {"id": "7"}}, guild_id)

    assert wants(intent, event, BOT)
    assert not wants(EVERYTHING & ~intent, event, BOT)


def test_what_is_not_listed_is_always_sent():
    assert wants(0, Event("INTERACTION_CREATE", {}, 5), BOT)


def test_bot_is_told_of_itself_without_the_members_intent():
    itself = Event("GUILD_MEMBER_UPDATE", {"user": {"id": str(BOT)}}, 5)
    added = Event("THREAD_MEMBERS_UPDATE", {"added_members": [{"user_id": str(BOT)}]}, 5)
    removed = Event("THREAD_MEMBERS_UPDATE", {"removed_member_ids": [str(BOT)]}, 5)
    other = Event("THREAD_MEMBERS_UPDATE", {"added_members": [{"user_id": "7"}]}, 5)

    assert wants(0, itself, BOT)
    assert wants(Intent.GUILDS, added, BOT)
    assert wants(Intent.GUILDS, removed, BOT)
    assert not wants(Intent.GUILDS, other, BOT)
