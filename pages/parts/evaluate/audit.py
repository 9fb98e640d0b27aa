"""The audit: which leaks do anyone's lists of training and test files have?"""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from pages.parts.evaluate.lists import locate, parse_list
from pages.parts.explore.data import data_version, read_table
from pages.parts.jobs import Progress, background
from pages.parts.show import show_table
from ser_core.corpora.facts import CORPORA
from ser_core.errors import SERError
from ser_core.leakage.audit import AuditReport, Leak, audit, split_list
from ser_core.settings import settings

_SIDES = {"train": "Training files", "test": "Test files"}
#: Files that are listened to in a minute, roughly.
_A_MINUTE = 900
_SHARE = 0.8
_EXAMPLE, _EXAMPLE_CLIPS = "ravdess", 60


def show_audit() -> None:
    """Draw the lists and what was found in them."""
    st.markdown(
        "Paste the lists of your own experiment, one file a line (or a CSV with `path` and, if you like, `speaker` and "
        "`sentence`; with a column `split` one list is enough). Names of CREMA-D, RAVDESS, SAVEE and TESS tell who "
        "speaks and what; files that lie in the folder of the corpora here are listened to as well."
    )
    table = read_table()
    if table is not None:
        st.button("Fill in an example", key="audit_example", on_click=_fill, args=(table,), icon=":material/edit_note:")
    for column, side in zip(st.columns(2, gap="large"), _SIDES, strict=True):
        with column:
            st.file_uploader(f"{_SIDES[side]} (a file)", ["txt", "csv"], key=f"audit_file_{side}", max_upload_size=5)
            st.text_area(f"{_SIDES[side]} (or paste them)", height=150, key=f"audit_text_{side}")
    try:
        lists = _lists()
    except SERError as error:
        st.warning(str(error), icon=":material/warning:")
        return
    if lists is None:
        st.info("Both lists are needed, or one with a column `split`.", icon=":material/arrow_upward:")
        return
    _check(*lists, table)


def _text(side: str) -> str:
    file = st.session_state.get(f"audit_file_{side}")
    if file is not None:
        return str(file.getvalue().decode("utf-8", errors="replace"))
    return str(st.session_state.get(f"audit_text_{side}") or "")


def _lists() -> tuple[pd.DataFrame, pd.DataFrame] | None:
    texts = {side: _text(side) for side in _SIDES}
    given = {side: parse_list(text) for side, text in texts.items() if text.strip()}
    if len(given) == 2:
        return given["train"], given["test"]
    if given:
        only = next(iter(given.values()))
        return split_list(only) if "split" in only else None
    return None


def _check(train: pd.DataFrame, test: pd.DataFrame, table: pd.DataFrame | None) -> None:
    root = settings().data
    clips = {} if table is None else _by_name(table)
    located = [part.assign(path=[str(locate(name, root, clips)) for name in part["path"]]) for part in (train, test)]
    here = sum(Path(path).is_file() for part in located for path in part["path"])
    total = sum(map(len, located))
    listen = here > 0 and st.toggle(
        "Listen to the files", value=True, key="audit_listen",
        help="Finds the same recording under another name, and copies with noise, another speed, pitch or level.",
    )  # fmt: skip
    st.caption(
        f"{here:,} of {total:,} files are here and can be listened to; the others are judged by their names. Files "
        "outside the folder of the corpora are never opened."
    )

    def work(progress: Progress, cancelled: object) -> AuditReport:
        return audit(*located, listen=listen, jobs=1, progress=progress, cancelled=cancelled)  # type: ignore[arg-type]

    content = "\n".join(part.to_csv(index=False) for part in located)
    key = f"audit:{hashlib.sha256(content.encode()).hexdigest()}:{listen}:{data_version()}"
    report = background(
        key, "Look for leaks", work, at_once=not listen, private=True,
        explain=f"Listening to {here:,} files takes about {max(1, round(here / _A_MINUTE))} min.",
    )  # fmt: skip
    if report is not None:
        _show(report, partial(_shown, root=root))


def _by_name(table: pd.DataFrame) -> dict[str, str]:
    """Return where clips lie whose names tell them from all others, as those of the four corpora do."""
    paths = table.loc[table["corpus"].isin(list(CORPORA)), "path"]
    return {Path(path).stem.lower(): str(path) for path in paths}


def _show(report: AuditReport, shown: partial[str]) -> None:
    box = st.error if report.leaks else st.success
    box(report.words, icon=":material/report:" if report.leaks else ":material/verified:")
    for leak in report.leaks:
        _leak(leak, report.test, shown)
    if report.unnamed:
        st.caption(
            f"{report.unnamed:,} files tell no speaker, so shared speakers among them stay unseen: add a column "
            "`speaker`."
        )
    if report.unreadable:
        st.caption(f"{len(report.unreadable):,} files could not be listened to and were judged by their names.")


def _leak(leak: Leak, tested: int, shown: partial[str]) -> None:
    with st.container(border=True, key=f"audit_leak_{leak.kind}"):
        st.markdown(f"**{leak.title}:** {leak.clips:,} of {tested:,} test files ({100 * leak.share:.0f} %)")
        st.markdown(leak.explanation)
        with st.expander("Examples"):
            rows = [
                {"test file": shown(p.test), "training file": shown(p.train), "both": p.what} for p in leak.examples
            ]
            show_table(pd.DataFrame(rows), f"audit_{leak.kind}")


def _shown(path: str, root: Path) -> str:
    """Return a path without the server's own folders."""
    try:
        return Path(path).relative_to(root).as_posix().removeprefix("elsewhere/")
    except ValueError:
        return Path(path).name


def _fill(table: pd.DataFrame) -> None:
    """Fill in clips of one corpus, split at random, as papers too often do."""
    names = table["corpus"].astype(str)
    corpus = _EXAMPLE if (names == _EXAMPLE).any() else names.iloc[0]
    chosen = table[(names == corpus).to_numpy(bool)].sample(frac=1, random_state=0).head(_EXAMPLE_CLIPS)
    files = [_shown(str(path), settings().data) for path in chosen["path"]]
    cut = round(_SHARE * len(files))
    st.session_state["audit_text_train"] = "\n".join(files[:cut])
    st.session_state["audit_text_test"] = "\n".join(files[cut:])
