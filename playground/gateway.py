"""Discord's gateway: the sessions of a bot, which outlive its connections so that nothing is lost."""

from __future__ import annotations

import secrets
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from playground import payloads
from playground.compression import compressor
from playground.connection import (
    AUTHENTICATION_FAILED,
    DISALLOWED_INTENTS,
    DISPATCH,
    INVALID_INTENTS,
    CloseError,
    Connection,
)
from playground.intents import KNOWN, PRIVILEGED, Intent, redact, wants
from playground.permissions import Permission

if TYPE_CHECKING:
    from playground.values import Event, Json, JsonValue
    from playground.world import World

# How much of a session's past can be replayed; Discord tells no figure (assumed).
REPLAYED = 1000
# How many sessions without a connection can be resumed; a count stands for Discord's minutes (assumed).
KEPT_AWAY = 4


@dataclass(slots=True, eq=False)
class Session:
    """What the bot identified for; it lives on while its connection is down.

    Attributes:
        sequence: The number of its last dispatch.
        past: Its last dispatches, for a RESUME.
        connection: Where dispatches go; None while the bot is away.
    """

    id: str
    intents: int
    sequence: int = 0
    past: deque[Json] = field(default_factory=lambda: deque[dict[str, Any]](maxlen=REPLAYED))
    connection: Connection | None = None

    def dispatch(self, name: str, data: JsonValue) -> None:
        """Number an event, remember it, and send it if the bot is there."""
        self.sequence += 1
        payload: Json = {"op": DISPATCH, "t": name, "s": self.sequence, "d": data}
        self.past.append(payload)
        if self.connection is not None:
            self.connection.put(payload)


class Gateway:
    """All sessions and connections of the bot.

    Args:
        world: What happens here.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.sessions: dict[str, Session] = {}
        self.identifies = 0
        self.resumes = 0
        self._connections: set[Connection] = set()
        world.listen(self.carry)

    @property
    def connected(self) -> bool:
        """Whether some session has its bot on the line."""
        return any(session.connection is not None for session in self.sessions.values())

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one websocket connection from HELLO to its end (docs events/gateway#connection-lifecycle)."""
        # A bot that hangs does not answer a close; it is not waited for.
        socket = web.WebSocketResponse(timeout=1.0)
        await socket.prepare(request)
        connection = Connection(self, socket, compressor(request.query.get("compress")))
        self._connections.add(connection)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)
            self._leave(connection)
        return socket

    async def drop(self, *, code: int, resumable: bool) -> None:
        """Close every connection, as Discord does now and then (docs events/gateway#disconnecting).

        Args:
            code: The close code.
            resumable: Whether the sessions can be resumed.
        """
        if not resumable:
            self.sessions.clear()
        for connection in list(self._connections):
            self._leave(connection)
            await connection.socket.close(code=code)

    def open(self, connection: Connection, data: Json) -> Session:
        """Answer IDENTIFY: a new session, READY and a GUILD_CREATE for each guild."""
        self._check_token(data)
        intents = int(data["intents"])
        if intents & ~KNOWN:
            raise CloseError(INVALID_INTENTS, "Invalid intent(s).")
        if intents & PRIVILEGED and not self.world.privileged_intents:
            raise CloseError(DISALLOWED_INTENTS, "Disallowed intent(s).")
        self._forget_oldest()
        session = Session(secrets.token_hex(16), intents, connection=connection)
        self.sessions[session.id] = session
        session.dispatch("READY", self._ready(session, data))
        for guild in self.world.guilds_of(self.world.bot) if intents & Intent.GUILDS else ():
            self._send_guild(session, guild.id, new=False)
        self.identifies += 1
        self.world.touch()
        return session

    def resume(self, connection: Connection, data: Json) -> Session | None:
        """Answer RESUME: replay what was missed, then RESUMED; None when the session is gone."""
        self._check_token(data)
        session = self.sessions.get(str(data["session_id"]))
        oldest = session.past[0]["s"] if session is not None and session.past else 1
        if session is None or int(data["seq"]) < oldest - 1:
            return None
        session.connection = connection
        for payload in [one for one in session.past if one["s"] > int(data["seq"])]:
            connection.put(payload)
        session.dispatch("RESUMED", {})
        self.resumes += 1
        self.world.touch()
        return session

    def send_members(self, session: Session, data: Json) -> None:
        """Answer a request for members in one chunk (docs events/gateway-events#request-guild-members)."""
        guild = self.world.guilds.get(int(data["guild_id"]))
        if guild is None:
            return
        listed: list[JsonValue] = data.get("user_ids") or []
        wanted = {str(one) for one in listed}
        start = str(data.get("query") or "").lower()
        found = [
            payloads.member(member)
            for member in guild.members.values()
            if (str(member.user.id) in wanted if wanted else member.user.name.lower().startswith(start))
        ]
        chunk: Json = {
            "guild_id": str(guild.id),
            "members": found[: int(data.get("limit") or 0) or None],
            "chunk_index": 0,
            "chunk_count": 1,
        }
        if data.get("nonce"):
            chunk["nonce"] = data["nonce"]
        session.dispatch("GUILD_MEMBERS_CHUNK", chunk)

    def _forget_oldest(self) -> None:
        """Keep few sessions whose bot is away; Discord ends them after some minutes (docs: initiating a disconnect)."""
        away = [session.id for session in self.sessions.values() if session.connection is None]
        for session_id in away[:-KEPT_AWAY]:
            del self.sessions[session_id]

    def _check_token(self, data: Json) -> None:
        if str(data.get("token", "")).removeprefix("Bot ") != self.world.token:
            raise CloseError(AUTHENTICATION_FAILED, "Authentication failed.")

    def _ready(self, session: Session, data: Json) -> Json:
        """Shape READY (docs events/gateway-events#ready)."""
        ready: Json = {
            "v": 10,
            "user": payloads.own_user(self.world.bot),
            "guilds": [{"id": str(one.id), "unavailable": True} for one in self.world.guilds_of(self.world.bot)],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.world.gateway_url,
            "application": {"id": str(self.world.application_id), "flags": self.world.application_flags},
            "private_channels": [],
            "relationships": [],
            "user_settings": {},
            "presences": [],
            "geo_ordered_rtc_regions": [],
        }
        return ready | ({"shard": data["shard"]} if data.get("shard") else {})

    def _send_guild(self, session: Session, guild_id: int, *, new: bool) -> None:
        with_members = bool(session.intents & Intent.GUILD_PRESENCES)
        guild = self.world.guilds[guild_id]
        data = payloads.guild_create(self.world, guild, with_members=with_members)
        # READY announced the guild as unavailable; one that was joined since was never that (discord.py tells
        # `guild_available` from `guild_join` by this field).
        session.dispatch("GUILD_CREATE", data if new else data | {"unavailable": False})

    def carry(self, event: Event) -> None:
        """Give an event to every session that asked for its kind and may see its place."""
        if not event.for_bot or not self._in_view(event):
            return
        for session in list(self.sessions.values()):
            if not wants(session.intents, event, self.world.bot.id):
                continue
            if event.name == "GUILD_CREATE" and event.guild_id is not None:
                self._send_guild(session, event.guild_id, new=True)
            else:
                session.dispatch(event.name, redact(session.intents, event, self.world.bot.id))

    def _in_view(self, event: Event) -> bool:
        """Tell whether the bot may see what happens in a channel.

        A channel itself is told of even where its messages are hidden (assumed: bots are sent every channel).
        """
        guild = self.world.guilds.get(event.guild_id or 0)
        if guild is not None and self.world.bot.id not in guild.members:
            return event.name == "GUILD_DELETE"
        channel = self.world.channels.get(event.channel_id or 0)
        if channel is None or event.name.startswith("CHANNEL_"):
            return True
        return bool(self.world.permissions(channel, self.world.bot) & Permission.VIEW_CHANNEL)

    def _leave(self, connection: Connection) -> None:
        """Take a connection off its session; a close with 1000 or 1001 ends the session too."""
        session = connection.session
        if session is None or session.connection is not connection:
            return
        session.connection = None
        if connection.socket.close_code in (1000, 1001):
            self.sessions.pop(session.id, None)
        self.world.touch()
