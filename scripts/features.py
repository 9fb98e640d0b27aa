"""Extract features of sound files or whole corpora on all cores; the same command goes on where it was stopped.

    python scripts/features.py functionals voice.wav other.mp3 --json
    python scripts/features.py functionals --corpora cremad ravdess --out table.parquet
    python scripts/features.py log-mel --corpora --out features.npz
    python scripts/features.py log-mel --corpora --cluster tcp://10.0.0.5:8786    # its workers must see the same files

Functionals give a row a file: CSV, or JSON with --json, or what the ending of --out says (.csv, .parquet, .npz).
Log-mel gives an NPZ with `values` (frames of all clips end to end), `offsets` (where each begins) and `paths`;
without --out it is only made ready for a training. What was extracted once is kept under SER_CACHE.
"""

from __future__ import annotations

import argparse
import functools
import sys
from pathlib import Path
from typing import Any

import cli
import numpy as np
import pandas as pd

from ser_core.audio import load_audio
from ser_core.corpora import CORPORA, read_corpora
from ser_core.errors import AudioError, CorpusError, SettingsError
from ser_core.features.functionals import FunctionalsConfig, functional_names, functional_vector
from ser_core.features.logmel import LogMelConfig, log_mel_frames
from ser_core.features.store import FeatureStore, extract_table
from ser_core.files import write_atomically
from ser_core.parallel import on_cluster
from ser_core.spreadsheets import guarded

_FUNCTIONALS, _LOG_MEL = "functionals", "log-mel"
_ENDINGS = {_FUNCTIONALS: (".csv", ".parquet", ".npz"), _LOG_MEL: (".npz",)}
#: Columns of the table of clips that go before the functionals.
_ABOUT = ["path", "clip", "emotion", "speaker", "corpus"]


def main() -> int:
    """Run the command."""
    options = _options()
    table = pd.DataFrame({"path": options.files}) if options.files else read_corpora(options.corpora or None)
    table = table[[name for name in _ABOUT if name in table]].reset_index(drop=True)
    errors = {path: _error(path) for path in table["path"] if not Path(path).is_file()}
    found = table[~table["path"].isin(errors)].reset_index(drop=True)
    with on_cluster(options.cluster):
        store = _extract(found, options)
    unreadable = found["path"][np.diff(store.offsets) == 0]
    errors |= {path: _error(path) for path in unreadable}
    found = found.assign(row=range(len(found)))[~found["path"].isin(errors)]
    if options.what == _FUNCTIONALS:
        _give_functionals(table, found, store, errors, options)
    else:
        _give_log_mel(found, store, errors, options)
    if not options.json or options.out or options.what == _LOG_MEL:
        print(*(error for error in errors.values()), sep="\n", end="\n" if errors else "", file=sys.stderr)
    return cli.FAILED if errors else cli.FINE


def _options() -> argparse.Namespace:
    parser = cli.Parser(prog="features.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=list(_ENDINGS), metavar="WHAT", help=" or ".join(_ENDINGS))
    parser.add_argument("files", nargs="*", metavar="FILE", help="wav, flac, ogg, opus, mp3, aiff, webm, m4a or mp4")
    parser.add_argument(
        "--corpora", nargs="*", metavar="CORPUS", help=f"{', '.join(CORPORA)}, or your own (without a name: all here)"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write there; the ending says in which format")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes (default: one a core)")
    parser.add_argument("--cluster", metavar="ADDRESS", help="a Dask scheduler, such as tcp://10.0.0.5:8786")
    parser.add_argument("--json", action="store_true", help="print JSON; with --out, about what was written")
    options = parser.parse_args()
    if bool(options.files) == (options.corpora is not None):
        parser.error("give either FILEs or --corpora")
    if options.out and options.out.suffix.lower() not in _ENDINGS[options.what]:
        parser.error(f"--out must end in {' or '.join(_ENDINGS[options.what])} for {options.what}")
    if options.jobs is not None and options.jobs < 1:
        parser.error("--jobs must be at least 1")
    if options.out and not options.out.absolute().parent.is_dir():  # before minutes of work rather than after them
        raise SettingsError(f"The folder {options.out.absolute().parent} for --out does not exist: make it first.")
    return options


def _error(path: str) -> str:
    """Return why a file cannot be read."""
    try:
        load_audio(path)
    except AudioError as error:
        return str(error)
    return f"{path} has changed meanwhile: give the command again."


def _extract(table: pd.DataFrame, options: argparse.Namespace) -> FeatureStore:
    """Return the features of each file, no frame for one that cannot be read."""
    nothing = FeatureStore(np.zeros((0, 0), np.float32), np.zeros(len(table) + 1, np.int64))
    if table.empty:
        return nothing
    settings: dict[str, Any] = {"jobs": options.jobs, "progress": cli.progress("clips"), "skip_unreadable": True}
    try:
        if options.what == _LOG_MEL:
            return extract_table(table, LogMelConfig(), extract=log_mel_frames, **settings)
        return extract_table(table, FunctionalsConfig(), extract=functional_vector, dtype=np.float32, **settings)
    except CorpusError:
        for path in table["path"]:
            try:
                load_audio(path)
            except AudioError:
                continue
            raise  # so it is not that none can be read, which each file's own error says better
        return nothing


def _give_functionals(
    table: pd.DataFrame, found: pd.DataFrame, store: FeatureStore, errors: dict[str, str], options: argparse.Namespace
) -> None:
    """Write or print one row a file."""
    names = functional_names()
    rows = store.offsets[found["row"]]
    values = pd.DataFrame(store.values[rows] if len(rows) else np.zeros((0, len(names))), columns=names)
    about = found.drop(columns="row").reset_index(drop=True)
    if options.out:
        if options.out.suffix.lower() == ".npz":
            arrays = {"values": values.to_numpy(np.float32), "names": np.array(names)}
            _write(options.out, lambda path: _save_npz(path, arrays | _columns(about)))
        else:
            joined = pd.concat([about, values], axis=1)
            parquet = options.out.suffix.lower() == ".parquet"
            _write(
                options.out, joined.to_parquet if parquet else functools.partial(guarded(joined).to_csv, index=False)
            )
        _say_written(len(about), len(errors), options, {"functionals": len(names)})
    elif options.json:
        numbers = dict(zip(about["path"], values.to_numpy(), strict=True))
        cli.print_json([_record(row, numbers, errors, names) for row in table.astype(object).to_dict("records")])
    else:
        guarded(pd.concat([about, values], axis=1)).to_csv(sys.stdout, index=False)


def _record(
    row: dict[str, Any], numbers: dict[str, np.ndarray], errors: dict[str, str], names: list[str]
) -> dict[str, Any]:
    path = row["path"]
    if path in errors:
        return {"path": path, "error": errors[path]}
    known = {name: None if pd.isna(value) else value for name, value in row.items()}
    # Seven digits are what a float32 holds.
    return known | {
        _FUNCTIONALS: {name: float(f"{value:.7g}") for name, value in zip(names, numbers[path], strict=True)}
    }


def _give_log_mel(
    found: pd.DataFrame, store: FeatureStore, errors: dict[str, str], options: argparse.Namespace
) -> None:
    """Write the frames of all files end to end, or only say that they are there."""
    # A clip that cannot be read has no frames, so that leaving out its offset is enough.
    offsets = np.append(store.offsets[found["row"]], store.offsets[-1])
    if options.out:
        arrays = {"values": store.values, "offsets": offsets} | _columns(found.drop(columns="row"))
        _write(options.out, lambda path: _save_npz(path, arrays))
    _say_written(len(found), len(errors), options, {"frames": int(offsets[-1]), "bands": LogMelConfig().n_mels})


def _columns(about: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return what is known of the clips as arrays of text: paths, clip, emotion, speaker, corpus."""
    columns = {name: about[name].fillna("").to_numpy(dtype=str) for name in about}
    return {"paths": columns.pop("path")} | columns


def _save_npz(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with path.open("wb") as file:  # given a name, numpy would append .npz to it
        np.savez(file, **arrays)  # type: ignore[arg-type]


def _write(path: Path, write: Any) -> None:
    try:
        write_atomically(path.absolute(), write)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written ({error.strerror or error}): choose another --out.") from error


def _say_written(clips: int, unreadable: int, options: argparse.Namespace, counts: dict[str, int]) -> None:
    if options.json:
        out = str(options.out) if options.out else None
        cli.print_json({"what": options.what, "clips": clips, "unreadable": unreadable, **counts, "out": out})
        return
    amounts = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    print(f"{clips:,} clips, {amounts}: {options.out or 'ready for a training'}.")


if __name__ == "__main__":
    cli.run(main)
