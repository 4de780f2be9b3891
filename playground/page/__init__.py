"""A page in the browser that looks and works like Discord, for the local Discord."""

from playground.page.server import Page, build, serve_page

__all__ = ["Page", "build", "serve_page"]
