"""The trouble that another process can switch on through the control interface: methods of `LocalDiscord` by name.

The body of `POST /control/NAME` holds the method's arguments; playground/outages.py says what they mean. A channel or a
message is no argument that JSON could hold, so methods that take one are not here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError, validate_call

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playground.server import LocalDiscord
    from playground.values import Json


def acts(discord: LocalDiscord) -> dict[str, Callable[[Json], Awaitable[Json]]]:
    """Give the acts by the last part of their path."""
    methods: dict[str, Callable[..., None]] = {
        "cut_gateway": discord.cut_gateway,
        "reconnect_gateway": discord.reconnect_gateway,
        "invalidate_session": discord.invalidate_session,
        "freeze_gateway": discord.freeze_gateway,
        "stop_heartbeat_acks": discord.stop_heartbeat_acks,
        "start_heartbeat_acks": discord.start_heartbeat_acks,
        "repeat_next": discord.repeat_next,
        "fail": discord.fail,
        "slow": discord.slow,
        "limit_globally": discord.limit_globally,
        "ban": discord.ban,
        "advance": discord.clock.advance,
    }
    return {name: _act(method) for name, method in methods.items()}


def _act(method: Callable[..., None]) -> Callable[[Json], Awaitable[Json]]:
    checked = validate_call(method)

    async def act(body: Json) -> Json:
        try:
            checked(**body)
        except ValidationError as error:
            wrong = "; ".join(f"{one['loc'][-1]}: {one['msg']}" for one in error.errors())
            raise ValueError(f"The arguments do not fit: {wrong}.") from None
        return {}

    return act
