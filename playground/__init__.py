"""A small, honest Discord on this machine, to which an unmodified bot connects."""

from playground.clock import Clock
from playground.commands import Command
from playground.errors import DiscordError
from playground.interactions import Interaction
from playground.offering import NotPermitted, UnknownCommand
from playground.options import BadOption
from playground.parts import Sticker, Tag, Thread, Webhook
from playground.permissions import Permission
from playground.picking import BadInput
from playground.server import LocalDiscord
from playground.sessions import GatewaySettings
from playground.subscription import Subscription
from playground.uploads import Upload
from playground.values import (
    Attachment,
    Channel,
    Event,
    Guild,
    Member,
    Message,
    Reaction,
    Request,
    Role,
    Typing,
    User,
    Version,
)

__all__ = [
    "Attachment",
    "BadInput",
    "BadOption",
    "Channel",
    "Clock",
    "Command",
    "DiscordError",
    "Event",
    "GatewaySettings",
    "Guild",
    "Interaction",
    "LocalDiscord",
    "Member",
    "Message",
    "NotPermitted",
    "Permission",
    "Reaction",
    "Request",
    "Role",
    "Sticker",
    "Subscription",
    "Tag",
    "Thread",
    "Typing",
    "UnknownCommand",
    "Upload",
    "User",
    "Version",
    "Webhook",
]
