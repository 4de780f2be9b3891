"""What the operator reads: structured events on standard error, with every secret taken out."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import structlog

from graph.redacting import Redactor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from structlog.typing import EventDict, Processor, WrappedLogger


class _Redacting:
    """Renders an event, then takes the secrets out of the line."""

    def __init__(self, renderer: Any, secrets: Sequence[str]) -> None:  # noqa: ANN401 - structlog's renderers
        self._renderer = renderer
        self._redact = Redactor(secrets)

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> str:
        return self._redact(str(self._renderer(logger, name, event)))


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
        # Not the traceback with local variables: a secret that is broken over two lines there would not be found.
        renderer: Any = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
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
