"""`python -m receiver --config receiver.toml`: run the receiver."""

from __future__ import annotations

import argparse
import logging
import sys
from contextlib import ExitStack
from pathlib import Path

import uvicorn

from receiver.app import create_app
from receiver.callback import CallBack
from receiver.config import ReceiverConfigError, load_config


def main() -> int:
    """Serve until stopped; 2 when the settings cannot be used."""
    parser = argparse.ArgumentParser(prog="receiver", description="Reference receiver of sealed copies.")
    parser.add_argument("--config", type=Path, required=True, help="settings, TOML")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    try:
        config = load_config(arguments.config)
    except ReceiverConfigError as exc:
        print(f"receiver: {exc}", file=sys.stderr)
        return 2
    certificate, key = config.tls or (None, None)
    scheme = "http" if config.tls is None else "https"
    logging.getLogger("receiver").info(
        "takes deliveries for %s at %s://%s:%d/deliveries", config.party, scheme, config.host, config.port
    )
    with ExitStack() as stack:
        later = None if config.call_back is None else stack.enter_context(CallBack(config, config.call_back)).post
        uvicorn.run(
            create_app(config, later=later),
            host=config.host,
            port=config.port,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            access_log=False,
            server_header=False,
            log_level="warning",
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
