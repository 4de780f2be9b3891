"""A message as HTML, the way Discord's client lays it out."""

import datetime as dt
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from playground.kinds import THREAD_STARTER
from playground.page.attached import attachment, embed
from playground.page.emoji import icon, with_emoji
from playground.page.markup import Names, to_html
from playground.page.notices import forwarded, notice
from playground.server import LocalDiscord
from playground.values import CHAT_INPUT_COMMAND, COMMAND, LOADING, REPLY, Channel, Message, Reaction, User

QUICK_EMOJI = ("✅", "❌", "👍")
MORE_EMOJI = ("✅", "❌", "👍", "👎", "❤️", "😂", "🎉", "👀", "🤔", "🚀", "🔁", "🛑")
GROUPED_SECONDS = 7 * 60
"""Within this time messages of one author share a head, as in Discord's client."""

_BLOCK_MARK = re.compile(r"^(?:#{1,3}|-#|>{1,3}|[-*+]) ")
_LAST_BLOCK_END = re.compile(r"(?:</(?:small|h[1-6]|li|ul|ol|blockquote)>)+$")

COLOURS = ("#5865f2", "#3ba55d", "#faa61a", "#ed4245", "#eb459e", "#00a8fc", "#9b59b6", "#1abc9c")


@dataclass(frozen=True, slots=True)
class Looking:
    """Who looks at what.

    Attributes:
        discord: The world.
        me: The user who looks.
        channel: The channel that is looked at.
    """

    discord: LocalDiscord
    me: User
    channel: Channel

    @property
    def names(self) -> Names:
        """The names of everybody and everything that can be mentioned here."""
        guild = self.discord.guild_of(self.channel)
        return Names(
            users={user.id: user.name for user in self.discord.users.values()},
            channels={channel.id: channel.name for channel in self.discord.channels.values()},
            roles={} if guild is None else {role.id: role.name for role in guild.roles.values()},
            me=self.me.id,
        )


def colour_of(user: User) -> str:
    """The colour of a user's avatar, always the same for a name."""
    mixed = sum(at * ord(letter) for at, letter in enumerate(user.name, 1))
    return COLOURS[0] if user.bot else COLOURS[1 + mixed % (len(COLOURS) - 1)]


def avatar(user: User, css: str = "") -> str:
    """A user's round picture: the initial on a colour."""
    initial = html.escape(user.name[:1].upper())
    return f'<div class="avatar {css}" style="background:{colour_of(user)}" aria-hidden="true">{initial}</div>'


def badge(user: User) -> str:
    """The mark of a bot; nothing for a person."""
    return '<span class="badge">BOT</span>' if user.bot else ""


def belongs_to_group(message: Message, before: Message | None) -> bool:
    """Whether a message stands under the head of the one before."""
    if before is None or before.author.id != message.author.id or message.reference or message.invocation:
        return False
    same_day = local(before.at).date() == local(message.at).date()
    near = (message.at - before.at).total_seconds() < GROUPED_SECONDS
    return same_day and near and before.ephemeral == message.ephemeral


def row(message: Message, before: Message | None, looking: Looking, *, picking: bool = False, below: str = "") -> str:
    """Lay out one message.

    Args:
        message: The message.
        before: The one above it, which it may be grouped with.
        looking: Who looks at it.
        picking: Whether its list of emoji is open.
        below: What stands below its text: its components.
    """
    grouped = belongs_to_group(message, before)
    author = html.escape(message.author.name)
    css = " ".join(
        name
        for name, holds in {
            "msg": True,
            "grouped": grouped,
            "pinged": looking.me.id in message.pinged or message.pinged_everyone,
            "ephemeral": message.ephemeral,
        }.items()
        if holds
    )
    parts = [
        _divider(message, before),
        f'<div class="{css}" data-testid="message" data-id="{message.id}" data-author="{author}">',
        "" if grouped else _above(message, looking),
        _gutter(message, grouped=grouped),
        '<div class="body">',
        "" if grouped else _head(message),
        notice(message) or _content(message, looking),
        forwarded(message, looking.names),
        "".join(attachment(each) for each in message.attachments),
        "".join(embed(each, looking.names) for each in message.embeds),
        below,
        _reactions(message, looking),
        _only_you(message),
        "</div>",
        _toolbar(message, looking, picking=picking),
        "</div>",
    ]
    return "".join(parts)


def local(at: dt.datetime) -> dt.datetime:
    """A time in the zone of this machine, which is the reader's."""
    return at.astimezone()


def _divider(message: Message, before: Message | None) -> str:
    day = local(message.at).date()
    if before is not None and local(before.at).date() == day:
        return ""
    return f'<div class="divider"><span>{day:%d %B %Y}</span></div>'


def _gutter(message: Message, *, grouped: bool) -> str:
    if grouped:
        return f'<div class="gutter"><time>{local(message.at):%H:%M}</time></div>'
    return f'<div class="gutter">{avatar(message.author)}</div>'


def _head(message: Message) -> str:
    at = local(message.at)
    today = dt.datetime.now().astimezone().date()
    when = f"Today at {at:%H:%M}" if at.date() == today else f"{at:%d/%m/%Y %H:%M}"
    return (
        f'<div class="head"><span class="name">{html.escape(message.author.name)}</span>{badge(message.author)}'
        f'<time title="{at:%A, %d %B %Y %H:%M:%S}">{when}</time></div>'
    )


def _above(message: Message, looking: Looking) -> str:
    """The line over a message that says what it replies to, or which command it answers."""
    if message.invocation is not None and message.invocation.kind == COMMAND:
        user = message.invocation.user
        sign = "/" if message.type == CHAT_INPUT_COMMAND else ""
        name = html.escape(message.invocation.name)
        used = f'<b>{html.escape(user.name)}</b> used <span class="mention">{sign}{name}</span>'
        return f'<div class="above">{avatar(user, "tiny")}{used}</div>'
    if message.reference is None or message.type not in (REPLY, THREAD_STARTER):
        return ""
    at = looking.discord.channels[message.reference.channel_id]
    target = looking.discord.find_message(message.reference.message_id or 0, at)
    if target is None:
        return '<div class="above"><i>Original message was deleted</i></div>'
    # One line, however large it stands there.
    first = _BLOCK_MARK.sub("", target.content.split("\n", 1)[0])[:120] or "Click to see attachment"
    sign = "@" if target.author.id in message.pinged else ""
    who = f"{avatar(target.author, 'tiny')}{badge(target.author)}<b>{sign}{html.escape(target.author.name)}</b>"
    return f'<div class="above" data-testid="reply-line">{who}<span>{to_html(first, looking.names)}</span></div>'


def _content(message: Message, looking: Looking) -> str:
    if message.flags & LOADING and not message.content:
        thinking = f"{html.escape(message.author.name)} is thinking"
        return f'<div class="content thinking"><span class="dots"><i></i><i></i><i></i></span>{thinking}…</div>'
    shown = to_html(message.content, looking.names)
    if message.edited_at:
        # Inside the last block, so that the mark stands behind its last word and not on a line of its own.
        end = _LAST_BLOCK_END.search(shown)
        at = end.start() if end else len(shown)
        shown = f'{shown[:at]} <span class="edited">(edited)</span>{shown[at:]}'
    return f'<div class="content" data-testid="content">{shown}</div>'


def _reactions(message: Message, looking: Looking) -> str:
    if not message.reactions:
        return ""
    pills = [_pill(message, each, looking) for each in message.reactions.values()]
    more = _button(message, "pick", "Add reaction", icon("add_reaction"), css="pill more", testid="add-reaction")
    return f'<div class="reactions">{"".join(pills)}{more}</div>'


def _pill(message: Message, reaction: Reaction, looking: Looking) -> str:
    css = "pill mine" if looking.me.id in reaction.user_ids else "pill"
    shown = f"{with_emoji(reaction.emoji)} <b>{reaction.count}</b>"
    who = _who(reaction.user_ids, looking.discord.users)
    return _button(message, "react", who, shown, css=css, emoji=reaction.emoji, testid=f"reaction-{reaction.emoji}")


def _who(user_ids: Sequence[int], users: dict[int, User]) -> str:
    return ", ".join(users[user_id].name for user_id in user_ids if user_id in users)


def _only_you(message: Message) -> str:
    if not message.ephemeral:
        return ""
    dismiss = f'<button type="button" class="link" data-act="dismiss" data-id="{message.id}">Dismiss message</button>'
    return f'<div class="only-you" data-testid="only-you">{icon("visibility")} Only you can see this • {dismiss}</div>'


def _toolbar(message: Message, looking: Looking, *, picking: bool) -> str:
    if message.ephemeral:
        return ""
    tools = [("pick", "Add reaction", "add_reaction"), ("reply", "Reply", "reply")]
    if message.author.id == looking.me.id:
        tools += [("edit", "Edit", "edit"), ("delete", "Delete", "delete")]
    buttons = [_emoji_button(message, emoji) for emoji in QUICK_EMOJI]
    buttons += [_button(message, act, title, icon(sign), testid=act) for act, title, sign in tools]
    picker = "".join(_emoji_button(message, emoji) for emoji in MORE_EMOJI) if picking else ""
    shown = f'<div class="picker" data-testid="picker">{picker}</div>' if picking else ""
    return f'<div class="toolbar{" open" if picking else ""}">{"".join(buttons)}{shown}</div>'


def _emoji_button(message: Message, emoji: str) -> str:
    return _button(message, "react", f"React with {emoji}", with_emoji(emoji), emoji=emoji, testid=f"react-{emoji}")


def _button(message: Message, act: str, title: str, shown: str, *, css: str = "", emoji: str = "", testid: str) -> str:
    """A button that names its act, and the message it is about, for the page's one listener."""
    about = f'data-act="{act}" data-id="{message.id}" data-testid="{html.escape(testid)}" title="{html.escape(title)}"'
    with_what = f' data-emoji="{html.escape(emoji)}"' if emoji else ""
    return f'<button type="button" class="{css}" {about}{with_what}>{shown}</button>'
