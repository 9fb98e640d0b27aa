"""Say which emotion each file carries: `python scripts/predict.py voice.wav --json`."""

from __future__ import annotations

import csv
import sys
from typing import Any

import cli

from ser_core.audio import load_audio
from ser_core.errors import AudioError
from ser_core.presentation import candidate_words
from ser_core.recogniser import AFFECT_FIELDS, Recogniser
from ser_core.recordings import open_recording, read_timeline
from ser_core.recordings.summary import overall_answer
from ser_core.spreadsheets import guarded_row

#: Of recordings longer than this the timeline gives the answer as a whole, too, in seconds.
WHOLE_S = 600.0


def main() -> int:
    """Run the command."""
    options = _parser().parse_args()
    recogniser = Recogniser.load(options.model)
    show = cli.progress("files") if len(options.files) > 1 else None
    answers = []
    for number, path in enumerate(options.files, start=1):
        answers.append(_answer(recogniser, path, options.timeline))
        if show:
            show(number, len(options.files))
    if options.json:
        cli.print_json(answers)
    elif options.csv:
        _print_csv(answers, recogniser.card.labels)
    else:
        _print_words(answers)
    return cli.FAILED if any("error" in answer for answer in answers) else cli.FINE


def _parser() -> cli.Parser:
    parser = cli.Parser(prog="predict.py", description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE", help="wav, flac, ogg, opus, mp3, aiff, webm, m4a or mp4")
    parser.add_argument("--model", default="lite", help="name or folder of a bundle (default: lite)")
    parser.add_argument(
        "--timeline", action="store_true", help="also judge every 1.5 s of speech; takes hours of sound, too"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print a JSON list")
    form.add_argument("--csv", action="store_true", help="print a table, one row a file (with --timeline: a segment)")
    return parser


def _answer(recogniser: Recogniser, path: str, timeline: bool) -> dict[str, Any]:
    try:
        found = read_timeline(recogniser, open_recording(path), progress=cli.progress(path)) if timeline else None
        if found is not None and found.duration_s > WHOLE_S:  # too long to be held in memory at once
            answer = overall_answer(found)
        else:
            answer = recogniser.predict(load_audio(path)).to_dict()
    except AudioError as error:
        return {"path": path, "error": str(error)}
    return {"path": path} | answer | ({"segments": found.to_dict()["segments"]} if found is not None else {})


def _print_csv(answers: list[dict[str, Any]], labels: tuple[str, ...]) -> None:
    times = ["start_s", "end_s"] if any("segments" in answer for answer in answers) else []
    found = ["emotion", "confidence", "sure", "candidates", *labels, *AFFECT_FIELDS]
    columns = ["path", *times, *found, "duration_s", "model", "warnings", "error"]
    writer = csv.DictWriter(sys.stdout, columns, restval="", extrasaction="ignore")
    writer.writeheader()
    for answer in answers:
        rows = answer.get("segments") or [{}]
        for segment in rows:
            row = answer | segment
            joined = {name: " ".join(row.get(name, [])) for name in ("candidates", "warnings")}
            writer.writerow(guarded_row(row | row.get("probabilities", {}) | joined))


def _print_words(answers: list[dict[str, Any]]) -> None:
    for answer in answers:
        if "error" in answer:
            print(answer["error"], file=sys.stderr)
            continue
        if answer["emotion"] is None:
            print(f"{answer['path']}: no emotion named.", *answer["warnings"])
            continue
        print(f"{answer['path']}: {_words(answer)}", *answer["warnings"])
        for segment in answer.get("segments", []):
            span = f"{segment['start_s']:8.1f} to {segment['end_s']:.1f} s"
            print(f"  {span}  {segment['emotion']} {segment['confidence']:.0%}")


def _words(answer: dict[str, Any]) -> str:
    likeliest = f"{answer['emotion']} {answer['confidence']:.0%}"
    if len(answer["candidates"]) > 1:
        return f"{candidate_words(answer['candidates'])} (likeliest: {likeliest})"
    return likeliest if answer["sure"] or answer["candidates"] else f"{likeliest} (not sure)"


if __name__ == "__main__":
    cli.run(main)
