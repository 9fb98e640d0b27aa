"""What came of a training: its report, the model to use and to take away, its recipe, and its end."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.parts.show import show_chart
from pages.parts.train.common import act, manager, protocol_words
from ser_core.bundle import CARD_NAME, load_card
from ser_core.charts.training import confusion_figure
from ser_core.errors import SERError
from ser_core.exports import export_bundle, export_onnx
from ser_core.protocols import is_leaky
from ser_core.settings import settings
from ser_core.training.listing import Run, report_of
from ser_core.training.publish import publish_run
from ser_core.training.recipe import NetworkRecipe
from ser_core.training.recipe_text import recipe_toml


def show_outcome(run: Run) -> None:
    """Draw everything about a training that does not run."""
    finished = [fold for fold in run.folds if run.folder.finished(fold)]
    if finished:
        _report(run)
        _use(run)
    _recipe(run)
    _delete(run)


def _report(run: Run) -> None:
    """Draw the scores on speakers that were held out."""
    st.subheader("How good it is", anchor=False)
    try:
        reports = report_of(run)
    except SERError as error:
        st.warning(str(error))
        return
    if not reports:
        st.info("Everything was trained on, so nobody knows how good this model is on new voices.")
    for protocol, report in reports.items():
        with st.container(border=True, key=f"train_report_{protocol}"):
            st.markdown(f"**{protocol_words(protocol)}**")
            _scores(report)
            if is_leaky(protocol):
                st.warning("The same speakers were trained on: on new voices it is worse than this.")
            show_chart(
                confusion_figure(report["confusion"], report["labels"]),
                f"train_report_confusion_{protocol}",
                f"Confusion matrix on test speakers; UAR {100 * report['uar']:.1f} %.",
            )


def _scores(report: dict[str, object]) -> None:
    columns = st.columns(3)
    for column, name, label in zip(columns, ("uar", "wa"), ("UAR", "Accuracy"), strict=False):
        low, high = report[f"{name}_ci95"]  # type: ignore[misc]
        column.metric(label, f"{100 * report[name]:.1f} %")  # type: ignore[operator]
        column.caption(f"95 % interval {100 * low:.1f} to {100 * high:.1f}")
    columns[2].metric("Guessing", f"{100 * report['chance']:.1f} %")  # type: ignore[operator]
    folds = report["folds"]
    speakers = {speaker for fold in folds for speaker in fold["test_speakers"]}  # type: ignore[attr-defined]
    clips = sum(fold["n"] for fold in folds)  # type: ignore[attr-defined]
    words = f"On {clips:,} clips of {len(speakers)} test speakers, drawn anew 2,000 times for the interval."
    if report.get("partial"):
        words += " Not all folds of the protocol were trained, so this must not be compared with published figures."
    st.caption(words)


def _use(run: Run) -> None:
    """Draw the button that makes a model of the training, and its downloads."""
    folder = settings().own_models / run.name
    made = (folder / CARD_NAME).is_file()
    st.subheader("Use it", anchor=False)
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="train_use"):
        if st.button(
            "Use this model" if not made else "Use it as it is now",
            key="train_publish", type="primary", icon=":material/graphic_eq:",
            help="It appears at once in the choice of the model on every page, for all visitors.",
        ):  # fmt: skip
            with st.spinner("Making the model …"):
                act(publish_run, run.folder)
            made = (folder / CARD_NAME).is_file()
            if not made or st.session_state.get("train_complaint"):
                st.error(st.session_state.get("train_complaint") or "The model could not be made.")
        if made:
            _downloads(run, folder)
    if made:
        st.success(f"The model **{run.name}** is in the choice of the model on every page.")
        if st.button("Recognise with it", key="train_recognise", icon=":material/graphic_eq:"):
            st.session_state["model"] = run.name  # the choice in the sidebar of that page
            st.switch_page("pages/predict.py")


def _downloads(run: Run, folder: Path) -> None:
    def archive() -> bytes:
        return export_bundle(folder)

    st.download_button(
        "Bundle (ZIP)", archive, f"{run.name}.zip", "application/zip", key="train_zip", on_click="ignore",
        icon=":material/folder_zip:", help="To use in another copy of this program: unpack it into SER_MODELS.",
    )  # fmt: skip
    if isinstance(run.recipe, NetworkRecipe):

        def onnx() -> bytes:
            return export_onnx(folder)

        st.download_button(
            "ONNX", onnx, f"{run.name}.onnx", "application/octet-stream", key="train_onnx", on_click="ignore",
            icon=":material/deployed_code:", help="To run without this program; it reads log-mel frames.",
        )  # fmt: skip
    try:
        st.caption(load_card(folder).evaluation_note)
    except SERError as error:
        st.error(str(error))


def _recipe(run: Run) -> None:
    with st.expander("Recipe, to repeat it", icon=":material/receipt_long:"):
        if run.recipe is None:
            st.warning("This run's recipe does not fit this version of the program: train it anew.")
            return
        text = recipe_toml(run.recipe)
        st.code(text, language="toml")
        st.download_button(
            "Recipe", lambda: text, f"{run.name}.toml", "text/plain", key="train_recipe", on_click="ignore",
            icon=":material/download:", type="tertiary",
        )  # fmt: skip
        folds = ",".join(map(str, run.folds))
        st.code(f"python scripts/train.py {run.name}.toml --protocol {run.protocol} --folds {folds}", language="bash")


def _delete(run: Run) -> None:
    with st.popover("Delete", icon=":material/delete:", key="train_delete"):
        st.markdown(
            f"Delete **{run.name}** with everything it learnt? A model that was made of it stays. "
            "This cannot be taken back."
        )
        st.button(
            "Delete for good", key="train_delete_sure", type="primary", on_click=_forget, args=(run.name,),
            icon=":material/delete_forever:",
        )  # fmt: skip


def _forget(name: str) -> None:
    act(manager().delete, name)
    if not st.session_state.get("train_complaint"):
        st.session_state.pop("train_run", None)
