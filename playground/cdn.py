"""Serves the files that hang on messages, as Discord's CDN does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from playground.world import World


class Cdn:
    """Everything below `/cdn` (docs reference#cdn-formatting)."""

    def __init__(self, world: World) -> None:
        self._world = world

    def mount(self, app: web.Application) -> None:
        """Add the routes to an application."""
        app.router.add_get("/cdn/attachments/{channel_id}/{file_id}/{filename}", self._attachment)
        app.router.add_get("/cdn/ephemeral-attachments/{channel_id}/{file_id}/{filename}", self._handed_over)

    async def _attachment(self, request: web.Request) -> web.Response:
        found = self._world.find_file(_number(request.match_info["file_id"]))
        in_channel = f"/attachments/{request.match_info['channel_id']}/"
        if found is None or in_channel not in found.url:
            # Also for files of a message that was deleted (assumed; Discord's links die some time later).
            raise web.HTTPNotFound
        content_type = found.content_type or "application/octet-stream"
        return web.Response(body=found.content, headers={"Content-Type": content_type})

    async def _handed_over(self, request: web.Request) -> web.Response:
        """Serve a file that somebody handed over in a form or an option."""
        attachment = self._world.handed_over.get(_number(request.match_info["file_id"]))
        if attachment is None:
            raise web.HTTPNotFound
        content_type = attachment.content_type or "application/octet-stream"
        return web.Response(body=attachment.content, headers={"Content-Type": content_type})


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0
