"""Fetches a file, and no more of it than it may have."""

from __future__ import annotations

from dataclasses import dataclass

import aiohttp
from discord.asset import Asset
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_fixed
from yarl import URL

# A download that failed is tried once more, after so many seconds.
_PAUSE = 0.5

_PIECE = 64 * 1024

# Discord's two hosts of files (Discord's documentation, "Reference", "Signed Attachment CDN URLs").
_CDN = frozenset({URL("https://cdn.discordapp.com"), URL("https://media.discordapp.net")})


class DownloadError(Exception):
    """The file could not be had; the text says why, for the operator, and does not repeat the signed address."""


class NotDiscords(Exception):  # noqa: N818 - named for what went wrong
    """The address is not one of Discord's CDN."""


class TooLargeError(Exception):
    """The file is longer than it may be; nothing beyond the bound was read."""


@dataclass(frozen=True, slots=True)
class Download:
    """A file, and the character set that its server declared."""

    content: bytes
    charset: str | None


def open_session(timeout: float) -> aiohttp.ClientSession:
    """A session for downloads, each of at most `timeout` seconds; cookies are not kept, nothing is unpacked."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=timeout),
        cookie_jar=aiohttp.DummyCookieJar(),
        # What is counted is what came, so a compressed body cannot be larger than it looks.
        auto_decompress=False,
        headers={"Accept-Encoding": "identity"},
    )


async def download(session: aiohttp.ClientSession, url: str, *, limit: int) -> Download:
    """The file at an address of Discord's; redirects are not followed.

    Args:
        session: From `open_session`.
        url: From a payload of Discord's: what people write is never fetched. Only Discord's CDN is asked, whatever
            stands there.
        limit: In bytes; whatever length is declared, what comes is counted.

    Raises:
        DownloadError: It could not be had, twice.
        NotDiscords: The address is not one of Discord's CDN; nothing was asked.
        TooLargeError: It is longer.
    """
    address = _of_cdn(url)
    retrying = AsyncRetrying(
        retry=retry_if_exception_type(DownloadError),
        stop=stop_after_attempt(2),
        wait=wait_fixed(_PAUSE),
        reraise=True,
    )
    return await retrying(_once, session, address, limit)


def _of_cdn(text: str) -> URL:
    """The address that a text is, as it will be asked for: one parser says what it means, there and here.

    Raises:
        NotDiscords: It is not one of Discord's CDN.
    """
    try:
        address = URL(text)
        # The server that discord.py takes for the CDN counts as one: it is another one beside a local Discord.
        bare = address.user is None and address.password is None
        if bare and address.origin() in {*_CDN, URL(Asset.BASE).origin()}:
            return address
    except (ValueError, UnicodeError):
        pass
    raise NotDiscords


async def _once(session: aiohttp.ClientSession, url: URL, limit: int) -> Download:
    try:
        async with session.get(url, allow_redirects=False) as response:
            if response.status != 200:
                raise DownloadError(f"status {response.status}")
            if (response.content_length or 0) > limit:
                raise TooLargeError
            content = bytearray()
            async for piece in response.content.iter_chunked(_PIECE):
                content += piece
                if len(content) > limit:
                    raise TooLargeError
            return Download(bytes(content), response.charset)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise DownloadError(type(error).__name__) from error
