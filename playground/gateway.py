"""Discord's gateway: the sessions of a bot, which outlive its connections so that nothing is lost."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from aiohttp import web

from playground import payloads
from playground.connection import (
    AUTHENTICATION_FAILED,
    DISALLOWED_INTENTS,
    INVALID_INTENTS,
    INVALID_SEQUENCE,
    INVALID_SESSION,
    RECONNECT,
    SHARDING_REQUIRED,
    CloseError,
    Connection,
)
from playground.disorder import Disorder
from playground.intents import KNOWN, PRIVILEGED, Intent, redact, wants
from playground.members import MemberRequests
from playground.permissions import Permission
from playground.sessions import Session, shard_of

if TYPE_CHECKING:
    from playground.sessions import GatewaySettings
    from playground.values import Event, Guild, Json
    from playground.world import World

# "Each shard can only support a maximum of 2500 guilds" (docs events/gateway#sharding).
MAX_GUILDS = 2500


class Gateway:
    """All sessions and connections of the bot.

    Args:
        world: What happens here.
        settings: How it differs from Discord's.

    Attributes:
        acknowledges: Whether heartbeats are answered.
        disorder: What happens to events on their way.
        away: The guilds that cannot be reached for now.
    """

    def __init__(self, world: World, settings: GatewaySettings) -> None:
        self.world = world
        self.settings = settings
        self.sessions: dict[str, Session] = {}
        self.identifies = 0
        self.resumes = 0
        self.heartbeats = 0
        self.acknowledges = True
        self.disorder = Disorder()
        self.away: set[int] = set()
        self.members = MemberRequests(world)
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
        connection = Connection(self, socket, request)
        self._connections.add(connection)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)
            self._leave(connection)
        return socket

    async def drop(self, *, code: int, resumable: bool, shard: int | None = None) -> None:
        """Close connections, as Discord does now and then (docs events/gateway#disconnecting).

        Args:
            code: The close code.
            resumable: Whether the sessions can be resumed.
            shard: The only shard that it happens to.
        """
        if not resumable:
            self._forget(shard)
        for connection in self._of(shard):
            self._leave(connection)
            await connection.socket.close(code=code)

    def cut(self, shard: int | None = None) -> None:
        """End connections without a close frame."""
        for connection in self._of(shard):
            self._leave(connection)
            connection.cut()

    def freeze(self, shard: int | None = None) -> None:
        """Let nothing go out any more over the connections that stand."""
        for connection in self._of(shard):
            connection.frozen = True

    def reconnect(self, shard: int | None = None) -> None:
        """Ask bots to reconnect and resume (docs events/gateway-events#reconnect)."""
        for connection in self._of(shard):
            connection.put_op(RECONNECT)

    def invalidate(self, *, resumable: bool, shard: int | None = None) -> None:
        """Tell bots that their session is invalid (docs events/gateway-events#invalid-session)."""
        for connection in self._of(shard):
            if connection.session is not None:
                connection.put_op(INVALID_SESSION, resumable)
                connection.session = connection.session if resumable else None
        if not resumable:
            self._forget(shard)
        self.world.touch()

    def lose(self, guild: Guild) -> None:
        """Let a guild be out of reach (docs events/gateway-events#guild-delete: "or becomes unavailable")."""
        self.away.add(guild.id)
        for session in self._told_of(guild):
            session.dispatch("GUILD_DELETE", {"id": str(guild.id), "unavailable": True})

    def regain(self, guild: Guild) -> None:
        """Let a guild be there again (docs events/gateway-events#guild-create: "becomes available again")."""
        self.away.discard(guild.id)
        for session in self._told_of(guild):
            self._tell_of(session, guild)

    def open(self, connection: Connection, data: Json) -> Session | None:
        """Answer IDENTIFY: a new session, READY and a GUILD_CREATE for each guild; None when it is not its turn."""
        self._check_token(data)
        intents, shard = int(data["intents"]), shard_of(data)
        if intents & ~KNOWN:
            raise CloseError(INVALID_INTENTS, "Invalid intent(s).")
        if intents & PRIVILEGED and not self.world.privileged_intents:
            raise CloseError(DISALLOWED_INTENTS, "Disallowed intent(s).")
        session = Session(secrets.token_hex(16), intents, shard, connection=connection)
        if len(self._guilds(session)) > MAX_GUILDS:
            raise CloseError(SHARDING_REQUIRED, "Sharding required.")
        self._count_start()
        if not self.world.session_starts.in_turn(shard[0]):
            return None
        self._forget_ended()
        self.sessions[session.id] = session
        session.dispatch("READY", self._ready(session, data))
        for guild in self._guilds(session):
            self._tell_of(session, guild)
        self.identifies += 1
        self.world.touch()
        return session

    def resume(self, connection: Connection, data: Json) -> Session | None:
        """Answer RESUME: replay what was missed, then RESUMED; None when the session is gone."""
        self._check_token(data)
        self._forget_ended()
        session = self.sessions.get(str(data["session_id"]))
        if session is None:
            return None
        sequence = int(data["seq"])
        if sequence > session.sequence:
            del self.sessions[session.id]
            raise CloseError(INVALID_SEQUENCE, "Invalid seq.")
        missed = session.missed_since(sequence)
        if missed is None:
            return None
        session.connection = connection
        for payload in missed:
            connection.put(payload)
        session.dispatch("RESUMED", {})
        self.resumes += 1
        self.world.touch()
        return session

    def heard_heartbeat(self) -> None:
        """Count a heartbeat."""
        self.heartbeats += 1
        self.world.touch()

    def _count_start(self) -> None:
        """Count an IDENTIFY; one too many ends every session and makes the token void.

        So say docs events/gateway#identifying; the close code then is assumed.
        """
        if self.world.session_starts.count():
            return
        self.world.token = secrets.token_hex(16)
        self.invalidate(resumable=False)
        raise CloseError(AUTHENTICATION_FAILED, "Authentication failed.")

    def _of(self, shard: int | None) -> list[Connection]:
        """Give the connections of a shard, or all of them."""
        return [
            one
            for one in self._connections
            if shard is None or (one.session is not None and one.session.shard[0] == shard)
        ]

    def _guilds(self, session: Session) -> list[Guild]:
        return [one for one in self.world.guilds_of(self.world.bot) if session.covers(one.id)]

    def _forget(self, shard: int | None) -> None:
        """Let the sessions of a shard, or all, be resumed no more."""
        self.sessions = {one.id: one for one in self.sessions.values() if shard is not None and one.shard[0] != shard}

    def _forget_ended(self) -> None:
        now = self.world.clock()
        self.sessions = {one.id: one for one in self.sessions.values() if not one.ended(now)}

    def _check_token(self, data: Json) -> None:
        if str(data.get("token", "")).removeprefix("Bot ") != self.world.token:
            raise CloseError(AUTHENTICATION_FAILED, "Authentication failed.")

    def _ready(self, session: Session, data: Json) -> Json:
        """Shape READY (docs events/gateway-events#ready)."""
        ready: Json = {
            "v": 10,
            "user": payloads.own_user(self.world.bot),
            "guilds": [{"id": str(one.id), "unavailable": True} for one in self._guilds(session)],
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

    def _told_of(self, guild: Guild) -> list[Session]:
        """Give the sessions that a guild belongs to."""
        return [one for one in self.sessions.values() if guild in self._guilds(one)]

    def _tell_of(self, session: Session, guild: Guild) -> None:
        """Tell a session of a guild that it knows by its id only."""
        if session.intents & Intent.GUILDS and guild.id not in self.away:
            self._send_guild(session, guild.id, new=False)

    def _send_guild(self, session: Session, guild_id: int, *, new: bool) -> None:
        with_members = bool(session.intents & Intent.GUILD_PRESENCES)
        guild = self.world.guilds[guild_id]
        data = payloads.guild_create(self.world, guild, with_members=with_members)
        # READY announced the guild as unavailable; one that was joined since was never that (discord.py tells
        # `guild_available` from `guild_join` by this field).
        session.dispatch("GUILD_CREATE", data if new else data | {"unavailable": False})

    def carry(self, event: Event) -> None:
        """Take an event on its way, if the bot may see its place."""
        if event.for_bot and self._in_view(event):
            for one in self.disorder.through(event):
                self.deliver(one)

    def deliver(self, event: Event) -> None:
        """Give an event to every session that asked for its kind and whose shard it belongs to."""
        # Some events name their guild in what they say only, as interactions do: no intent has a part in those.
        named: str | None = event.data.get("guild_id")
        guild_id = int(named) if event.guild_id is None and named is not None else event.guild_id
        for session in list(self.sessions.values()):
            if not session.covers(guild_id) or not wants(session.intents, event, self.world.bot.id):
                continue
            if event.name == "GUILD_CREATE" and event.guild_id is not None:
                self._send_guild(session, event.guild_id, new=True)
            else:
                session.dispatch(event.name, redact(session.intents, event, self.world.bot.id))

    def _in_view(self, event: Event) -> bool:
        """Tell whether the bot is told of what happens in a place: the guild is in reach, the channel in its view.

        A channel itself is told of even where its messages are hidden (assumed: bots are sent every channel).
        """
        guild = self.world.guilds.get(event.guild_id or 0)
        if guild is not None and guild.id in self.away:
            return False
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
        session.left_at = self.world.clock()
        if connection.socket.close_code in (1000, 1001):
            self.sessions.pop(session.id, None)
        self.world.touch()
