"""One websocket of the bot's: what goes out over it in order, and what the opcodes that come in ask for."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, cast

from playground.compression import compressor

if TYPE_CHECKING:
    from aiohttp import web

    from playground.gateway import Gateway
    from playground.sessions import Session
    from playground.values import Json, JsonValue

_log = logging.getLogger(__name__)

# docs topics/opcodes-and-status-codes#gateway-gateway-opcodes
DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME = 0, 1, 2, 3, 4, 6
RECONNECT, REQUEST_MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 7, 8, 9, 10, 11
# docs topics/opcodes-and-status-codes#gateway-gateway-close-event-codes
UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED, AUTHENTICATION_FAILED = 4001, 4002, 4003, 4004
ALREADY_AUTHENTICATED, INVALID_SEQUENCE, RATE_LIMITED, SESSION_TIMED_OUT = 4005, 4007, 4008, 4009
INVALID_SHARD, SHARDING_REQUIRED, INVALID_VERSION = 4010, 4011, 4012
INVALID_INTENTS, DISALLOWED_INTENTS = 4013, 4014
# An ACK in the same instant makes discord.py read a whole interval as its latency (KeepAliveHandler.ack).
ACK_DELAY = 0.005
# A bot that sends no heartbeat for so many intervals is gone (assumed).
PATIENCE = 2.0
# "120 gateway events per connection every 60 seconds" (docs events/gateway#rate-limiting).
EVENTS, EVENT_SECONDS = 120, 60.0
# docs events/gateway#sending-events
MAX_PAYLOAD = 4096


class CloseError(Exception):
    """The connection is to be closed with a code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Connection:
    """One websocket and the payloads that wait to go out over it.

    Attributes:
        session: What the bot has identified for or resumed over it.
        frozen: Whether nothing goes out over it any more, as over a network that lost it without a word.
    """

    def __init__(self, gateway: Gateway, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.gateway = gateway
        self.socket = socket
        self.session: Session | None = None
        self.frozen = False
        self._request = request
        self._context = compressor(request.query.get("compress"))
        self._received: list[float] = []
        self._outgoing: asyncio.Queue[Json] = asyncio.Queue()

    def put(self, payload: Json) -> None:
        """Let a payload go out after those before it."""
        if not self.frozen:
            self._outgoing.put_nowait(payload)

    def put_op(self, op: int, data: JsonValue = None) -> None:
        """Let a payload go out that is no dispatch."""
        self.put({"op": op, "s": None, "t": None, "d": data})

    def cut(self) -> None:
        """End the connection without a close frame."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def serve(self) -> None:
        """Say HELLO, then read until the connection ends; sending goes on beside it."""
        sender = asyncio.create_task(self._send())
        try:
            self._check_version()
            self.put_op(HELLO, {"heartbeat_interval": int(self.gateway.settings.heartbeat_interval * 1000)})
            await self._read()
        except CloseError as closed:
            await self.socket.close(code=closed.code, message=closed.reason.encode())
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)

    def _check_version(self) -> None:
        """Refuse versions but 10, which is what is spoken here and assumed where none is named."""
        if self._request.query.get("v", "10") != "10":
            raise CloseError(INVALID_VERSION, "Invalid API version.")

    async def _send(self) -> None:
        while True:
            text = json.dumps(await self._outgoing.get(), separators=(",", ":"))
            if self._context is None:
                await self.socket.send_str(text)
            else:
                await self.socket.send_bytes(self._context.compress(text))

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        silence = self.gateway.settings.heartbeat_interval * PATIENCE
        try:
            async with asyncio.timeout(silence) as patience:
                async for message in self.socket:
                    if await self._heard(message.data) == HEARTBEAT:
                        patience.reschedule(loop.time() + silence)
        except TimeoutError:
            raise CloseError(SESSION_TIMED_OUT, "Session timed out.") from None

    async def _heard(self, data: str | bytes) -> int:
        """Take one payload; give its opcode."""
        now = self.gateway.world.clock()
        self._received = [at for at in self._received if now - at < EVENT_SECONDS] + [now]
        if len(self._received) > EVENTS:
            raise CloseError(RATE_LIMITED, "Rate limited.")
        if len(data) > MAX_PAYLOAD:
            raise CloseError(DECODE_ERROR, "Error while decoding payload.")
        try:
            payload: Json = json.loads(data)
            op = int(payload["op"])
            await self._receive(op, payload.get("d"))
        except (ValueError, KeyError, TypeError) as error:
            # Told to the operator too: it may be this server that misreads what the bot said rightly.
            _log.warning("A gateway payload of %d characters cannot be read.", len(data), exc_info=error)
            raise CloseError(DECODE_ERROR, "Error while decoding payload.") from error
        return op

    async def _receive(self, op: int, data: JsonValue) -> None:
        if op == HEARTBEAT:
            self.gateway.heard_heartbeat()
            await asyncio.sleep(ACK_DELAY)
            if self.gateway.acknowledges:
                self.put_op(HEARTBEAT_ACK)
        elif not isinstance(data, dict):
            raise CloseError(DECODE_ERROR, "Error while decoding payload.")
        elif op == IDENTIFY:
            if self.session is not None:
                raise CloseError(ALREADY_AUTHENTICATED, "Already authenticated.")
            self._begin(self.gateway.open(self, cast("Json", data)))
        elif op == RESUME:
            self._begin(self.gateway.resume(self, cast("Json", data)))
        else:
            self._receive_of_session(op, cast("Json", data))

    def _begin(self, session: Session | None) -> None:
        self.session = session
        if session is None:
            self.put_op(INVALID_SESSION, data=False)

    def _receive_of_session(self, op: int, data: Json) -> None:
        if self.session is None:
            raise CloseError(NOT_AUTHENTICATED, "Not authenticated.")
        if op == REQUEST_MEMBERS:
            self.gateway.members.answer(self.session, data)
        elif op not in (PRESENCE, VOICE):
            raise CloseError(UNKNOWN_OPCODE, "Unknown opcode.")
