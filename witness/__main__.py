"""`python -m witness new FOLDER --name NAME`: make a witness. `python -m witness run FOLDER/witness.toml`: run it."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

import uvicorn

from witness.app import Witness, create_app
from witness.config import WitnessConfigError, create_folder, load_config
from witness.connections import Connection
from witness.memory import Memory


def main() -> int:
    """0, or 2 when the settings cannot be used."""
    parser = argparse.ArgumentParser(prog="witness", description="A witness for journals (C2SP tlog-witness).")
    commands = parser.add_subparsers(dest="command", required=True)
    new = commands.add_parser("new", help="make a key, an empty memory and settings")
    new.add_argument("folder", type=Path)
    new.add_argument("--name", required=True, help="a URL without scheme, such as witness.example/w1")
    run = commands.add_parser("run", help="serve until stopped")
    run.add_argument("config", type=Path, help="settings, TOML")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    try:
        if arguments.command == "new":
            print(create_folder(arguments.folder, name=arguments.name))
            return 0
        config = load_config(arguments.config)
        memory = Memory(config.memory)
    except (WitnessConfigError, ValueError) as error:
        print(f"witness: {error}", file=sys.stderr)
        return 2
    except OSError as error:  # BlockingIOError: another witness has the memory
        print(f"witness: {error.filename or 'memory'}: {error.strerror}", file=sys.stderr)
        return 2
    witness = Witness(signer=config.signer, logs=config.logs, memory=memory)
    uvicorn.run(
        create_app(witness),
        host=config.host,
        port=config.port,
        http=Connection,
        ws="none",
        access_log=False,
        server_header=False,
        log_level="warning",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
