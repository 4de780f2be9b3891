"""The trouble that a test can switch on: connections that end, events that stray, answers that fail, late or never."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from playground import sending
from playground.faults import Fault
from playground.gateway import Gateway
from playground.interacting import Interacting
from playground.rest.api import Api
from playground.values import Message

if TYPE_CHECKING:
    from playground.clock import Clock
    from playground.openapi import OpenApiCheck
    from playground.sessions import GatewaySettings
    from playground.values import Channel, Event, Guild


class Outages(Interacting):
    """A world whose gateway and REST side can be troubled, and that counts what a bot does under trouble.

    Where a method names a shard, it is the only one that the trouble comes to; else it comes to every connection.

    Args:
        token: The bot's token.
        bot_name: The bot's user name.
        privileged_intents: Whether the application may ask for members, presences and message content.
        gateway: How the gateway differs from Discord's.
        clock: The world's time.
        check: Compares REST with Discord's OpenAPI document; None to leave that out.
    """

    def __init__(
        self,
        *,
        token: str,
        bot_name: str,
        privileged_intents: bool,
        gateway: GatewaySettings | None,
        clock: Clock | None,
        check: OpenApiCheck | None,
    ) -> None:
        super().__init__(
            token=token, bot_name=bot_name, privileged_intents=privileged_intents, gateway=gateway, clock=clock
        )
        self._gateway = Gateway(self, self.gateway_settings)
        self._api = Api(self, check)

    # The gateway

    async def drop_gateway(self, *, code: int = 4000, resumable: bool = True, shard: int | None = None) -> None:
        """Close the bot's websocket.

        Args:
            code: The close code.
            resumable: Whether the session lives on; else a RESUME is answered with an invalid session.
            shard: The only shard that it happens to.
        """
        await self._gateway.drop(code=code, resumable=resumable, shard=shard)

    def cut_gateway(self, shard: int | None = None) -> None:
        """End the bot's websocket without a close frame, as a network does; its session can be resumed."""
        self._gateway.cut(shard)

    def reconnect_gateway(self, shard: int | None = None) -> None:
        """Ask the bot to reconnect and resume (docs events/gateway-events#reconnect)."""
        self._gateway.reconnect(shard)

    def invalidate_session(self, *, resumable: bool, shard: int | None = None) -> None:
        """Tell the bot that its session is invalid (docs events/gateway-events#invalid-session).

        Args:
            resumable: Whether the bot may resume it all the same; else it must identify anew.
            shard: The only shard that it happens to.
        """
        self._gateway.invalidate(resumable=resumable, shard=shard)

    def stop_heartbeat_acks(self) -> None:
        """Acknowledge no heartbeat any more; events still come (docs events/gateway#sending-heartbeats: a zombie).

        discord.py takes any payload for a sign of life, so that it sees a zombie only where no events come either.
        """
        self._gateway.acknowledges = False

    def start_heartbeat_acks(self) -> None:
        """Acknowledge heartbeats again."""
        self._gateway.acknowledges = True

    def freeze_gateway(self, shard: int | None = None) -> None:
        """Let nothing go out any more over the connections that stand, as when the network loses all without a word.

        A new connection is whole, and a RESUME replays what was lost.
        """
        self._gateway.freeze(shard)

    def lose_guild(self, guild: Guild) -> None:
        """Let a guild be out of reach: the bot is told so, and then of nothing that happens there.

        A bot that starts meanwhile is told that it is in that guild, and nothing else of it. REST works on.
        """
        self._gateway.lose(guild)

    def regain_guild(self, guild: Guild) -> None:
        """Let a guild be there again: the bot is told how it is now, and not what happened meanwhile."""
        self._gateway.regain(guild)

    # Events

    def redeliver(self, what: Message | Event) -> None:
        """Send the bot an event once more, as may happen after a RESUME (seen; not in the documentation).

        Args:
            what: An event, as `subscribe()` gives it, or a message, whose MESSAGE_CREATE is meant.
        """
        self._gateway.deliver(sending.created(self, what) if isinstance(what, Message) else what)

    def repeat_next(self, name: str = "MESSAGE_CREATE", *, times: int = 1) -> None:
        """Let the next events of a name come twice."""
        self._gateway.disorder.repeat_next(name, times)

    def swap_next(self, first: Channel, second: Channel, name: str = "MESSAGE_CREATE") -> None:
        """Let the next event of a channel come only after the next one of another channel.

        Within a channel the order stays: what follows in the first one waits too.

        Args:
            first: The channel whose events wait.
            second: The channel whose next event goes before them.
            name: The name of the two events.
        """
        self._gateway.disorder.swap_next(name, first.id, second.id)

    # REST

    def fail(
        self,
        method: str | None = None,
        route: str | None = None,
        *,
        times: int = 1,
        status: int = 500,
        done: bool = False,
    ) -> None:
        """Let the bot's next requests run into trouble.

        Args:
            method: The HTTP method; None for any.
            route: The path's template, as `Request.route` shows it; None for any.
            times: How many requests.
            status: What they are answered with; 0 cuts the connection.
            done: Whether what they ask for is done all the same, and only the answer is lost.
        """
        self.faults.order(Fault(method, route, times, status, done))

    def slow(self, seconds: float, method: str | None = None, route: str | None = None, *, times: int = 1) -> None:
        """Let the bot's next requests be done at once and answered late.

        Args:
            seconds: How late, by the world's clock: setting that forward lets the answers go.
            method: The HTTP method; None for any.
            route: The path's template; None for any.
            times: How many requests.
        """
        self.faults.order(Fault(method, route, times, delay=seconds))

    def limit_globally(self, seconds: float) -> None:
        """Refuse for so long whatever is bound to the token-wide limit (docs topics/rate-limits#global-rate-limit)."""
        self._api.limiter.close(seconds)

    def ban(self, seconds: float) -> None:
        """Lock the bot's address out of REST for so long, as the network in front of Discord does."""
        self._api.invalid.ban(seconds)

    # Time and counters

    def age(self, message: Message, seconds: float) -> None:
        """Make a message older than it is; its id still tells when it was made."""
        message.at -= dt.timedelta(seconds=seconds)

    @property
    def identifies(self) -> int:
        """How often a bot has identified."""
        return self._gateway.identifies

    @property
    def resumes(self) -> int:
        """How often a bot has resumed a session."""
        return self._gateway.resumes

    @property
    def heartbeats(self) -> int:
        """How many heartbeats have come, acknowledged or not."""
        return self._gateway.heartbeats

    @property
    def connected(self) -> bool:
        """Whether a bot is on the line."""
        return self._gateway.connected

    @property
    def rate_limited(self) -> int:
        """How many requests were refused with 429."""
        return self._api.limiter.refused

    @property
    def invalid_requests(self) -> int:
        """How many answers of the last ten minutes count towards a ban (docs topics/rate-limits)."""
        return self._api.invalid.recent
