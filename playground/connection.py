"""One websocket of the bot's: what goes out over it in order, and what the opcodes that come in ask for."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from aiohttp import web

    from playground.compression import Compressor
    from playground.gateway import Gateway, Session
    from playground.values import Json, JsonValue

_log = logging.getLogger(__name__)

# docs topics/opcodes-and-status-codes#gateway-gateway-opcodes
DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME = 0, 1, 2, 3, 4, 6
REQUEST_MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 8, 9, 10, 11
# docs topics/opcodes-and-status-codes#gateway-gateway-close-event-codes
RATE_LIMITED, SESSION_TIMED_OUT = 4008, 4009
UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED, AUTHENTICATION_FAILED = 4001, 4002, 4003, 4004
ALREADY_AUTHENTICATED, INVALID_INTENTS, DISALLOWED_INTENTS = 4005, 4013, 4014
# As Discord sends it (seen; docs events/gateway#hello-event shows 45000 as an example).
HEARTBEAT_MS = 41_250
# An ACK in the same instant makes discord.py read a whole interval as its latency (KeepAliveHandler.ack).
ACK_DELAY = 0.005
# A bot that sends no heartbeat for this long is gone (assumed: one interval and half of another).
SILENCE = HEARTBEAT_MS / 1000 * 1.5
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
    """One websocket and the payloads that wait to go out over it."""

    def __init__(self, gateway: Gateway, socket: web.WebSocketResponse, context: Compressor | None) -> None:
        self.gateway = gateway
        self.socket = socket
        self.session: Session | None = None
        self._context = context
        self._received: list[float] = []
        self._outgoing: asyncio.Queue[Json] = asyncio.Queue()

    def put(self, payload: Json) -> None:
        """Let a payload go out after those before it."""
        self._outgoing.put_nowait(payload)

    async def serve(self) -> None:
        """Say HELLO, then read until the connection ends; sending goes on beside it."""
        self.put({"op": HELLO, "s": None, "t": None, "d": {"heartbeat_interval": HEARTBEAT_MS}})
        sender = asyncio.create_task(self._send())
        try:
            await self._read()
        except CloseError as closed:
            await self.socket.close(code=closed.code, message=closed.reason.encode())
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)

    async def _send(self) -> None:
        while True:
            text = json.dumps(await self._outgoing.get(), separators=(",", ":"))
            if self._context is None:
                await self.socket.send_str(text)
            else:
                await self.socket.send_bytes(self._context.compress(text))

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(SILENCE) as patience:
                async for message in self.socket:
                    if await self._heard(message.data) == HEARTBEAT:
                        patience.reschedule(loop.time() + SILENCE)
        except TimeoutError:
            raise CloseError(SESSION_TIMED_OUT, "Session timed out.") from None

    async def _heard(self, data: str | bytes) -> int:
        """Take one payload; give its opcode."""
        now = time.monotonic()
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
            await asyncio.sleep(ACK_DELAY)
            self.put({"op": HEARTBEAT_ACK, "s": None, "t": None, "d": None})
        elif not isinstance(data, dict):
            raise CloseError(DECODE_ERROR, "Error while decoding payload.")
        elif op == IDENTIFY:
            if self.session is not None:
                raise CloseError(ALREADY_AUTHENTICATED, "Already authenticated.")
            self.session = self.gateway.open(self, cast("Json", data))
        elif op == RESUME:
            self.session = self.gateway.resume(self, cast("Json", data))
            if self.session is None:
                self.put({"op": INVALID_SESSION, "s": None, "t": None, "d": False})
        else:
            self._receive_of_session(op, cast("Json", data))

    def _receive_of_session(self, op: int, data: Json) -> None:
        if self.session is None:
            raise CloseError(NOT_AUTHENTICATED, "Not authenticated.")
        if op == REQUEST_MEMBERS:
            self.gateway.send_members(self.session, data)
        elif op not in (PRESENCE, VOICE):
            raise CloseError(UNKNOWN_OPCODE, "Unknown opcode.")
