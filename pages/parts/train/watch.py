"""One training while it goes on: how far it is, what it learns, and the buttons that steer it."""

from __future__ import annotations

import streamlit as st

from pages.parts.show import show_chart
from pages.parts.train.common import act, manager, protocol_words, status_words
from pages.parts.train.outcome import show_outcome
from ser_core.charts.training import MEASURES, confusion_figure, epochs_figure
from ser_core.emotions import label_names
from ser_core.errors import SERError
from ser_core.training.listing import Run
from ser_core.training.progress import RunProgress, duration_words, read_progress

_POLL_S = 1.5
_CURVES_S = 4.0


def show_runs() -> None:
    """Draw the choice of a training, and the one that is chosen."""
    runs = manager().look()
    if not runs:
        st.info("Nothing was trained yet: begin with a new training.", icon=":material/model_training:")
        return
    names = [run.name for run in runs]
    running = next((run.name for run in runs if run.state.status == "running"), names[0])
    if st.session_state.get("train_run") not in names:
        if gone := st.session_state.get("train_run"):
            st.warning(f"The training {gone} is gone: its folder was deleted.", icon=":material/folder_off:")
        st.session_state["train_run"] = running
    words = {run.name: f"{run.name} ({run.state.status})" for run in runs}
    name = st.selectbox("Training", names, format_func=lambda name: words.get(name, name), key="train_run")
    run = next(run for run in runs if run.name == name)
    if run.active:
        _watch_status(run.name)
        _watch_curves(run.name)
    else:
        _show_status(run)
        _show_curves(run)
        show_outcome(run)


@st.fragment(run_every=_POLL_S)
def _watch_status(name: str) -> None:
    """Draw where a training stands, again and again until it ends."""
    try:
        run = manager().get(name)
    except SERError:
        st.rerun(scope="app")
        return
    if not run.active:
        st.rerun(scope="app")
    _show_status(run)


# More seldom, since a chart that changes is drawn anew in the browser.
@st.fragment(run_every=_CURVES_S)
def _watch_curves(name: str) -> None:
    try:
        _show_curves(manager().get(name))
    except SERError:
        return  # the other part of the page notices that it is gone


def _show_status(run: Run) -> None:
    """Draw how far a training is, and its buttons."""
    progress = read_progress(run.folder, run.state, run.folds)
    with st.container(border=True, key="train_status"):
        st.markdown(f"**{run.name}** {status_words(run)}")
        if run.state.message:
            (st.error if run.state.status == "failed" else st.warning)(run.state.message)
        st.progress(progress.share, text=_how_far(run, progress))
        _buttons(run)
        if run.active:
            st.caption("You may leave or close this page: the training goes on, and anyone may look on or steer it.")
    log = manager().log_tail(run.name) if run.state.status in ("failed", "interrupted") else ""
    if log:
        with st.expander("What the process printed last", icon=":material/terminal:"):
            st.code(log, language=None)


def _how_far(run: Run, progress: RunProgress) -> str:
    if progress.features and run.state.status == "running":
        done, total = progress.features
        return f"Measuring the clips: {done:,} of {total:,}"
    parts = [f"{100 * progress.share:.0f} %"]
    for fold in progress.folds:
        if fold.search and not fold.finished:
            parts.append(f"fold {fold.fold + 1} tries setting {fold.search[0]} of {fold.search[1]}")
        elif fold.entries and not fold.finished and (fold.epochs or 1) > 1:
            parts.append(f"fold {fold.fold + 1} epoch {fold.epoch} of {fold.epochs}")
    parts.append(f"{progress.finished} of {len(progress.folds)} folds finished")
    if run.state.status == "running" and progress.share == 0:
        parts.append("starting")
    elif run.state.status == "running" and progress.seconds_left is not None:
        parts.append(f"about {duration_words(progress.seconds_left)} left")
    return " · ".join(parts)


def _buttons(run: Run) -> None:
    trainings = manager()
    with st.container(horizontal=True, gap="small", key="train_buttons"):
        if run.stopping and run.state.status == "running":
            st.button(
                "Stop now", key="train_stop", icon=":material/stop:", on_click=act, args=(trainings.pause, run.name),
                kwargs={"at_once": True}, help="The epoch it is in is trained again later.",
            )  # fmt: skip
        elif run.active:
            st.button(
                "Pause", key="train_pause", icon=":material/pause:", on_click=act, args=(trainings.pause, run.name)
            )
        if run.resumable:
            st.button(
                "Resume", key="train_resume", icon=":material/play_arrow:", type="primary", on_click=act,
                args=(trainings.resume, run.name), help="It goes on from the last epoch that was finished.",
            )  # fmt: skip
        if run.active:
            st.button(
                "Cancel", key="train_cancel", icon=":material/cancel:", on_click=act, args=(trainings.cancel, run.name)
            )


def _show_curves(run: Run) -> None:
    """Draw loss, UAR, learning rate and confusion, as far as there are any."""
    progress = read_progress(run.folder, run.state, run.folds)
    table = progress.table()
    labels = label_names(run.recipe.labels) if run.recipe else ()
    epochs = max((fold.epochs or 0 for fold in progress.folds), default=0) or None
    measures = [measure for measure in MEASURES if table[measure].notna().any()]
    if not measures or epochs == 1:
        return
    for column, measure in zip(st.columns(len(measures)), measures, strict=True):
        with column:
            figure = epochs_figure(table, measure, epochs, chance=1 / len(labels) if labels else None)
            last = table[measure].dropna().iloc[-1]
            alt = f"{MEASURES[measure]} by epoch, a line for each fold; the last is {last:.3g}."
            show_chart(figure, f"train_{measure}", alt, table[["fold", "epoch", measure]], title=run.name)
    if (confusion := progress.confusion()) is not None:
        counts, names = confusion
        st.markdown("**What it mistakes for what** (validation speakers, the last epoch of each fold)")
        show_chart(confusion_figure(counts.tolist(), names), "train_confusion", "Validation confusion matrix.")
    st.caption(
        f"{protocol_words(run.protocol)}. Validation speakers are never trained on and decide nothing: the number of "
        "epochs was fixed beforehand. The test speakers are only heard at the end."
    )
