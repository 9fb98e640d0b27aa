"""Corpora: `list` what exists, `download` one, `verify` a copy, print `stats`.

`python scripts/corpora.py download starter` fetches thirty clips of CREMA-D, enough to hear every emotion.
Corpora lie in the folder that SER_DATA names.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict

import cli

from ser_core.corpora import CORPORA, read_corpora
from ser_core.corpora.download import KAGGLE, download, download_starter_pack, take_folder, take_from_kaggle
from ser_core.corpora.facts import size_words
from ser_core.corpora.sources import missing_clips
from ser_core.corpora.verify import verify_corpora
from ser_core.settings import settings

_STARTER = "starter"


def main() -> int:
    """Run the command."""
    options = _parser().parse_args()
    command: Callable[[argparse.Namespace], int] = options.command
    return command(options)


def _parser() -> cli.Parser:
    parser = cli.Parser(prog="corpora.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=cli.Parser)

    listing = commands.add_parser("list", help="what exists: licence, size, where it comes from, what is here")
    listing.set_defaults(command=_list)

    getting = commands.add_parser(
        "download", help="fetch a corpus into SER_DATA; the same command goes on where it was"
    )
    getting.add_argument(
        "corpus", choices=[*CORPORA, _STARTER], metavar="CORPUS", help=f"{', '.join(CORPORA)}, {_STARTER}"
    )
    getting.add_argument("--accept-licence", action="store_true", help="you have read the terms and accept them")
    way = getting.add_mutually_exclusive_group()
    way.add_argument("--from", dest="folder", metavar="FOLDER", help="take in a copy that you have")
    way.add_argument("--kaggle", action="store_true", help=f"take Kaggle's copy with kagglehub ({', '.join(KAGGLE)})")
    getting.add_argument("--link", action="store_true", help="with --from: link to the files instead of copying them")
    getting.set_defaults(command=_download)

    checking = commands.add_parser("verify", help="compare copies with what the corpora should hold")
    checking.add_argument("corpora", nargs="*", metavar="CORPUS", help=f"{', '.join(CORPORA)} (default: all here)")
    checking.set_defaults(command=_verify)

    counting = commands.add_parser("stats", help="count clips, speakers, emotions, lengths")
    counting.add_argument("corpora", nargs="*", metavar="CORPUS", help=f"{', '.join(CORPORA)} (default: all here)")
    counting.set_defaults(command=_stats)

    for command in (listing, getting, checking, counting):
        command.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _list(options: argparse.Namespace) -> int:
    data = settings().data
    here = {corpus: facts.clips - len(missing_clips(corpus, data / corpus)) for corpus, facts in CORPORA.items()}
    if options.json:
        cli.print_json({name: asdict(facts) | {"clips_here": here[name]} for name, facts in CORPORA.items()})
        return cli.FINE
    for corpus, facts in CORPORA.items():
        print(f"{corpus}: {facts.title}, {facts.language}, {facts.year}")
        print(f"  {facts.clips:,} clips, {facts.speakers} speakers ({facts.speakers_note}), {facts.hours} h")
        print(f"  {facts.material}")
        print(f"  emotions: {', '.join(facts.emotions)}")
        print(f"  licence: {facts.licence}, {facts.licence_url}")
        print(f"  source: {facts.source}")
        print(f"  {facts.obtain} ({size_words(facts.download_bytes)})")
        print(f"  here: {here[corpus]:,} clips in {data / corpus}" if here[corpus] else "  here: nothing")
    return cli.FINE


def _download(options: argparse.Namespace) -> int:
    corpus = options.corpus
    show = cli.progress(corpus)
    if corpus == _STARTER:
        if options.folder or options.kaggle:
            _parser().error("the starter pack takes neither --from nor --kaggle")
        corpus, folder = "cremad", download_starter_pack(progress=show)
    elif options.folder:
        folder = take_folder(
            corpus, options.folder, accept_licence=options.accept_licence, link=options.link, progress=show
        )
    elif options.kaggle:
        folder = take_from_kaggle(corpus, accept_licence=options.accept_licence, progress=show)
    else:
        folder = download(corpus, accept_licence=options.accept_licence, progress=show)
    facts = CORPORA[corpus]
    clips = facts.clips - len(missing_clips(corpus, folder))
    if options.json:
        cli.print_json({"corpus": corpus, "folder": str(folder), "clips": clips, "licence": facts.licence})
    else:
        print(f"{facts.title} in {folder}: {clips:,} of {facts.clips:,} clips. Licence: {facts.licence}.")
    return cli.FINE


def _verify(options: argparse.Namespace) -> int:
    reports = verify_corpora(options.corpora or None, progress=cli.progress("clips"))
    if options.json:
        cli.print_json({corpus: report.to_dict() for corpus, report in reports.items()})
    else:
        for report in reports.values():
            first, *rest = report.words()
            print(first, *(f"  {sentence}" for sentence in rest), sep="\n")
    return cli.FINE if all(report.as_published for report in reports.values()) else cli.FAILED


def _stats(options: argparse.Namespace) -> int:
    from ser_core.corpora.statistics import summary, summary_words

    table = read_corpora(options.corpora or None)
    if options.json:
        cli.print_json(summary(table))
    else:
        print(summary_words(table))
    return cli.FINE


if __name__ == "__main__":
    cli.run(main)
