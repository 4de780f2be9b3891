"""What the operator reads: structured events on standard error, with every secret taken out."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from structlog.typing import EventDict, Processor, WrappedLogger

_REDACTED = "[redacted]"

# A shorter text would be found in innocent words.
_SHORTEST_SECRET = 6


class _Redacting:
    """Renders an event, then takes the secrets out of the line, wherever in it they came to stand."""

    def __init__(self, renderer: Any, secrets: Sequence[str]) -> None:  # noqa: ANN401 - structlog's renderers
        self._renderer = renderer
        self._secrets = [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> str:
        line = str(self._renderer(logger, name, event))
        for secret in self._secrets:
            line = line.replace(secret, _REDACTED)
        return line


def configure_logging(secrets: Sequence[str] = (), *, level: int = logging.INFO) -> None:
    """Send all events, also those of the libraries, to standard error: for eyes on a terminal, else as JSON lines.

    Args:
        secrets: What must never appear.
        level: The least severity; libraries speak from WARNING on.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    final: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if sys.stderr.isatty():
        renderer: Any = structlog.dev.ConsoleRenderer()
    else:
        final.append(structlog.processors.format_exc_info)
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[*final, _Redacting(renderer, secrets)]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("clew").setLevel(level)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=lambda *_: logging.getLogger("clew"),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
