"""Keep what a run's models said of speakers they had not heard, for the page Classroom.

`python scripts/classroom_answers.py base-with-tiny-joint --model base` writes `models/base/held_out.parquet`, about
100 kB.
"""

from __future__ import annotations

import cli

from ser_core.bundle import find_bundle, load_card
from ser_core.classroom.held_out import agrees, held_out_answers, write_held_out
from ser_core.errors import TrainingError
from ser_core.protocols import fold_count
from ser_core.training.runs import RunFolder


def main() -> int:
    """Run the command."""
    parser = cli.Parser(prog="classroom_answers.py", description=__doc__)
    parser.add_argument("run", help="a finished run under the protocol joint, such as base-with-tiny-joint")
    parser.add_argument("--model", required=True, help="the bundle that was made with the run's recipe")
    parser.add_argument("--json", action="store_true", help="print what was written for machines")
    options = parser.parse_args()
    run, folder = RunFolder.at(options.run), find_bundle(options.model)
    table = held_out_answers(run, list(range(fold_count(run.read()["protocol"]))))
    if not agrees(table, load_card(folder).evaluation):
        raise TrainingError(
            f"The answers of {options.run} do not have the accuracy that the card of '{options.model}' reports: "
            "name the run that the model's figures came from."
        )
    size = write_held_out(table, folder)
    if options.json:
        cli.print_json({"model": options.model, "run": options.run, "clips": len(table), "bytes": size})
    else:
        print(f"{len(table):,} clips, {size / 1000:.0f} kB: {folder.name}/held_out.parquet")
    return cli.FINE


if __name__ == "__main__":
    cli.run(main)
