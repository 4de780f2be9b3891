"""Answers the gateway's requests for members, within their own limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from playground import payloads
from playground.connection import REQUEST_MEMBERS
from playground.intents import Intent

if TYPE_CHECKING:
    from playground.sessions import Session
    from playground.values import Guild, Json, JsonValue
    from playground.world import World

# docs events/gateway-events#request-guild-members: members a chunk, and what a prefix or a list of ids gives at most.
CHUNK, FOUND = 1000, 100
# "1 request per guild per bot every 30 seconds" for all members (docs change-log, August 14, 2025).
ALL_SECONDS = 30.0


class MemberRequests:
    """What was asked for, and when.

    Args:
        world: Whose members.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._asked: dict[int, float] = {}

    def answer(self, session: Session, data: Json) -> None:
        """Send GUILD_MEMBERS_CHUNK, or RATE_LIMITED to who asks for all members of a guild too often.

        All members are for sessions with the members intent only; others get none (assumed: the documentation
        says that the intent is required, not what happens without it).
        """
        guild = self._world.guilds.get(int(data["guild_id"]))
        if guild is None or not session.covers(guild.id):
            return
        nonce: Json = {"nonce": data["nonce"]} if data.get("nonce") else {}
        everybody = not (data.get("user_ids") or data.get("query") or data.get("limit"))
        wait = self._wait(guild) if everybody else 0.0
        if wait > 0:
            meta = {"guild_id": str(guild.id)} | nonce
            session.dispatch("RATE_LIMITED", {"opcode": REQUEST_MEMBERS, "retry_after": wait, "meta": meta})
            return
        found = _found(guild, data)
        if everybody and not session.intents & Intent.GUILD_MEMBERS:
            found = []
        chunks = [found[at : at + CHUNK] for at in range(0, len(found), CHUNK)] or [[]]
        for index, members in enumerate(chunks):
            chunk: Json = {"guild_id": str(guild.id), "members": members}
            session.dispatch("GUILD_MEMBERS_CHUNK", chunk | {"chunk_index": index, "chunk_count": len(chunks)} | nonce)

    def _wait(self, guild: Guild) -> float:
        """Count a request for all members, unless it comes too early; give the seconds that it is too early by."""
        now = self._world.clock()
        wait = self._asked.get(guild.id, float("-inf")) + ALL_SECONDS - now
        if wait <= 0:
            self._asked[guild.id] = now
        return max(0.0, wait)


def _found(guild: Guild, data: Json) -> list[Json]:
    asked: JsonValue = data.get("user_ids") or []
    listed = cast("list[JsonValue]", asked) if isinstance(asked, list) else [asked]
    wanted = {str(one) for one in listed}
    start = str(data.get("query") or "").lower()
    found = [
        payloads.member(member)
        for member in guild.members.values()
        if (str(member.user.id) in wanted if wanted else member.user.name.lower().startswith(start))
    ]
    limit = int(data.get("limit") or 0)
    return found[: min(limit or FOUND, FOUND)] if wanted or start or limit else found
