"""The page listens: uvicorn in a thread of its own, beside the clock of the service or alone."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from alerting.errors import ConfigError
from alerting.web.application import make_application
from alerting.web.council import Council

_AT_ONCE = 200
_STOPPED_WITHIN_S = 10


@contextmanager
def listening(council: Council) -> Iterator[str]:
    """Show the page while the block works, and return where it listens. Raises ConfigError where it cannot."""
    page = council.page
    listener = listen_at(page.host, page.port)
    config = uvicorn.Config(
        make_application(council),
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=True,
        limit_concurrency=_AT_ONCE,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=16 * 1024,
        ws="none",
        http="h11",
        loop="asyncio",
        lifespan="off",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="page", daemon=True)
    thread.start()
    try:
        yield f"{page.host}:{page.port}"
    finally:
        server.should_exit = True
        thread.join(_STOPPED_WITHIN_S)
        listener.close()
        council.close()


def listen_at(host: str, port: int) -> socket.socket:
    """Return a socket that listens. Raises ConfigError where it cannot."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # Of a socket that does not say that it is TCP, asyncio lets the system hold small pieces back: 40 ms a page.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            if sys.platform != "win32":  # there it would let another process have the same port
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(128)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise ConfigError(
            f"the page cannot listen at {host}:{port} ({error.strerror or type(error).__name__})",
            remedy="See that nothing else does, or set `page.port`.",
        ) from None
    return listener
