"""Discord's numbers for channels of other kinds, messages of the system, and what hangs on a message."""

from __future__ import annotations

# docs resources/channel#channel-object-channel-types
GUILD_ANNOUNCEMENT = 5
ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD = 10, 11, 12
GUILD_FORUM, GUILD_MEDIA = 15, 16

# docs resources/message#message-object-message-types
RECIPIENT_ADD, RECIPIENT_REMOVE, CHANNEL_NAME_CHANGE = 1, 2, 4
PINNED_MESSAGE, USER_JOIN, THREAD_CREATED, THREAD_STARTER = 6, 7, 18, 21
SYSTEM_TYPES = frozenset((1, 2, 4, 6, 7, 18, 21))
# Same place, column "Deletable".
NOT_DELETABLE = frozenset((RECIPIENT_ADD, RECIPIENT_REMOVE, CHANNEL_NAME_CHANGE, THREAD_STARTER))

# docs resources/message#message-object-message-flags
HAS_THREAD = 1 << 5
HAS_SNAPSHOT = 1 << 14

IS_SPOILER = 1 << 3  # docs resources/message#attachment-object-attachment-flags
