"""Emoji as HTML that also shows something on a machine without an emoji font."""

import html
import re

# NiceGUI brings the font Material Icons along. Where the script below finds that the machine has no emoji of its
# own, the stylesheet shows the icon named here in the colour beside it.
_ICONS = {
    "✅": ("check_box", "#77b255"),
    "❌": ("close", "#dd2e44"),
    "👍": ("thumb_up", "#ffcc4d"),
    "👎": ("thumb_down", "#ffcc4d"),
    "❤️": ("favorite", "#dd2e44"),
    "😂": ("sentiment_very_satisfied", "#ffcc4d"),
    "🎉": ("celebration", "#ea596e"),
    "👀": ("visibility", "#ccd6dd"),
    "🤔": ("psychology", "#ffcc4d"),
    "🚀": ("rocket_launch", "#ccd6dd"),
    "🔁": ("repeat", "#3b88c3"),
    "🔄": ("sync", "#3b88c3"),
    "🛑": ("dangerous", "#dd2e44"),
    "⏹️": ("stop", "#3b88c3"),
    "▶️": ("play_arrow", "#3b88c3"),
    "⏪": ("fast_rewind", "#3b88c3"),
    "✏️": ("edit", "#ffac33"),
    "⚠️": ("warning", "#ffcc4d"),
    "⏳": ("hourglass_top", "#ffe8b6"),
    "⌛": ("hourglass_bottom", "#ffe8b6"),
    "🔧": ("build", "#8899a6"),
    "🛠️": ("handyman", "#8899a6"),
    "🔒": ("lock", "#ffac33"),
    "🧶": ("gesture", "#ea596e"),
    "🧠": ("psychology", "#ea596e"),
    "📌": ("push_pin", "#dd2e44"),
    "📎": ("attach_file", "#99aab5"),
    "📄": ("description", "#ccd6dd"),
    "🔍": ("search", "#99aab5"),
    "🔎": ("search", "#99aab5"),
    "💬": ("chat_bubble", "#bdddf4"),
    "⏰": ("alarm", "#dd2e44"),
    "🌿": ("alt_route", "#77b255"),
    "🔀": ("shuffle", "#3b88c3"),
    "⏭️": ("skip_next", "#3b88c3"),
    "❓": ("help", "#dd2e44"),
    "🚫": ("block", "#dd2e44"),
}
_KNOWN = {sign.rstrip("\ufe0f"): icon for sign, icon in _ICONS.items()}
_SIGN = re.compile("(" + "|".join(map(re.escape, _KNOWN)) + ")\ufe0f?")

DETECT = """<script>
addEventListener('DOMContentLoaded', () => {
    const pen = Object.assign(document.createElement('canvas'), {width: 20, height: 20}).getContext('2d');
    pen.font = '16px sans-serif';
    pen.fillText('\\u{1F44D}', 0, 16);
    const dots = pen.getImageData(0, 0, 20, 20).data;
    const coloured = dots.some((value, at) => at % 4 === 0 && value !== dots[at + 1]);
    document.documentElement.classList.toggle('no-emoji', !coloured);
});
</script>"""
"""Notes on the page whether the machine has emoji: a black thumb or an empty box has no colour in it."""


def with_emoji(text: str) -> str:
    """Escape a text for HTML, and let its emoji be seen everywhere."""
    return _SIGN.sub(_span, html.escape(text))


def _span(found: re.Match[str]) -> str:
    icon, colour = _KNOWN[found[1]]
    return f'<span class="emoji" data-icon="{icon}" style="--ink:{colour}">{found[0]}</span>'


def icon(name: str) -> str:
    """A sign of the page's own, by its name in Material Icons."""
    return f'<i class="material-icons" aria-hidden="true">{name}</i>'
