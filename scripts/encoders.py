"""Pretrained encoders, which some models read: `list` them, `download` one from the hub into its cache.

`python scripts/encoders.py download openai/whisper-base` fetches 290 MB. Folders in the one that SER_ENCODERS names
are used first.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict

import cli

from ser_core.encoder_files import ENCODERS, encoder_folder, fetch_encoder


def main() -> int:
    """Run the command."""
    options = _parser().parse_args()
    command: Callable[[argparse.Namespace], int] = options.command
    return command(options)


def _parser() -> cli.Parser:
    parser = cli.Parser(prog="encoders.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=cli.Parser)
    listing = commands.add_parser("list", help="size, licence, and where each lies on this machine")
    listing.set_defaults(command=_list)
    getting = commands.add_parser("download", help="fetch one from the hub unless it is here")
    getting.add_argument("name", metavar="NAME", help=f"{', '.join(ENCODERS)}, or any other at the hub")
    getting.set_defaults(command=_download)
    for command in (listing, getting):
        command.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _list(options: argparse.Namespace) -> int:
    places = {name: encoder_folder(name) for name in ENCODERS}
    if options.json:
        rows = {name: asdict(facts) | {"folder": _text(places[name])} for name, facts in ENCODERS.items()}
        cli.print_json(rows)
        return cli.FINE
    for name, facts in ENCODERS.items():
        print(f"{name}: {facts.about}")
        print(f"  {facts.size_words}, licence: {facts.licence}, {facts.licence_url}")
        print(f"  here: {_text(places[name]) or 'no'}")
    return cli.FINE


def _download(options: argparse.Namespace) -> int:
    folder = fetch_encoder(options.name, progress=cli.progress(options.name))
    if options.json:
        cli.print_json({"encoder": options.name, "folder": str(folder)})
    else:
        print(f"{options.name} in {folder}")
    return cli.FINE


def _text(folder: object) -> str | None:
    return None if folder is None else str(folder)


if __name__ == "__main__":
    cli.run(main)
