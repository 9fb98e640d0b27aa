"""Listen: one clip, what people and a model make of it, and the same sentence in every emotion."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from pages.parts.clip_choice import choose_clip, clip_title
from pages.parts.corpus_sounds import all_votes, changed, clip_wav, read_clip
from pages.parts.inputs import Sound
from pages.parts.models import choose_model, predict, recogniser
from pages.parts.show import show_chart
from ser_core.audio import Waveform
from ser_core.charts.answer import probability_figure, waveform_figure
from ser_core.charts.exploration import group_label, spectrogram_figure, votes_figure
from ser_core.corpora.sentences import same_sentence
from ser_core.corpora.votes import votes_of
from ser_core.emotions import EMOTIONS
from ser_core.errors import SERError
from ser_core.recogniser import Prediction

HEARD = (
    "Shipped models were trained on **all** clips of the four corpora, so this one has been heard before: the answer "
    "shows what the model makes of the clip, not how good it is with new voices. For that, see the record on the "
    "page Recognise."
)


def show_listen(table: pd.DataFrame, clips: pd.DataFrame) -> None:
    """Draw the choice of a clip and everything about it."""
    clip = choose_clip(clips, "listen")
    if clip is None:
        return
    waveform = read_clip(clip)
    if waveform is None:
        return
    st.markdown(f"#### {clip_title(clip)}")
    left, right = st.columns(2, gap="large")
    with left:
        _sound(clip, waveform)
    with right:
        _spectrogram(clip, waveform)
    _side_by_side(table, clip)
    st.subheader("What is heard in it", anchor=False)
    people, model = st.columns(2, gap="large")
    with people:
        _people(clip)
    with model:
        _model(clip, waveform)


def _sound(clip: pd.Series, waveform: Waveform) -> None:
    st.audio(clip_wav(clip), format="audio/wav")
    alt = f"Waveform of {clip['clip']}, {waveform.duration_s:.1f} seconds."
    show_chart(waveform_figure(waveform), "clip_waveform", alt, title=str(clip["clip"]))
    peak = float(np.abs(waveform.samples).max(initial=0))
    level = f"peak {20 * np.log10(peak):.0f} dBFS" if peak > 0 else "digital silence"
    st.caption(f"{clip['clip']}: {waveform.duration_s:.2f} s, file at {waveform.original_rate / 1000:g} kHz, {level}.")


def _spectrogram(clip: pd.Series, waveform: Waveform) -> None:
    figure = spectrogram_figure(waveform, height=250)
    alt = f"Log-mel spectrogram of {clip['clip']}: bright where there is energy, time to the right, frequency upwards."
    show_chart(figure, "clip_spectrogram", alt, title=str(clip["clip"]))
    st.caption("Bright: loud. Stripes close together: a low voice; stripes that rise: the pitch rises.")


def _side_by_side(table: pd.DataFrame, clip: pd.Series) -> None:
    others = same_sentence(table, clip)
    st.subheader(f"The same sentence by the same speaker in {len(others)} emotions", anchor=False)
    if clip["corpus"] == "savee":
        st.caption("SAVEE numbers its sentences within each emotion: only the first three are the same in all of them.")
    if not st.toggle("Show them side by side", value=True, key="listen_side_by_side"):
        return
    with st.container(key="side_by_side"):
        for start in range(0, len(others), 3):
            for column, (_, other) in zip(st.columns(3), others.iloc[start : start + 3].iterrows(), strict=False):
                with column:
                    _small(other, chosen=other["clip"] == clip["clip"])


def _small(clip: pd.Series, *, chosen: bool) -> None:
    st.markdown(f"**{group_label(str(clip['emotion']))}**" + (" (chosen above)" if chosen else ""))
    waveform = read_clip(clip)
    if waveform is None:
        return
    st.audio(clip_wav(clip), format="audio/wav")
    figure = spectrogram_figure(waveform, height=170, legend=False).update_yaxes(title_text=None)
    alt = f"Spectrogram of the same sentence, {clip['emotion']}, {waveform.duration_s:.1f} seconds."
    show_chart(figure, f"small_{clip['emotion']}", alt, title=str(clip["clip"]))


def _people(clip: pd.Series) -> None:
    st.markdown("**People** who heard only the voice")
    votes = None
    if clip["corpus"] == "cremad":
        try:
            votes = votes_of(all_votes("voice"), str(clip["clip"]))
        except SERError as error:
            st.caption(str(error))
            return
    if votes is None:
        st.caption("Only CREMA-D publishes what people heard in each of its clips.")
        return
    said = ", ".join(f"{emotion} {number}" for emotion, number in votes.items())
    numbers = pd.DataFrame([votes])
    show_chart(votes_figure(votes, str(clip["emotion"])), "clip_votes", f"Votes: {said}.", numbers)


def _model(clip: pd.Series, waveform: Waveform) -> None:
    folder = choose_model()
    if folder is None:
        return
    sound = Sound("corpus", str(clip["clip"]), str(clip["clip"]), f"{clip['path']}:{changed(clip)}", waveform)
    try:
        model = recogniser(folder)
        answer = predict(model, folder, sound)
    except SERError as error:
        st.error(str(error), icon=":material/error:")
        return
    st.markdown(f"**The model** {model.card.title}: {_verdict(answer)}")
    if answer.emotion is not None:
        shares = {emotion: answer.probabilities[emotion] for emotion in EMOTIONS if emotion in answer.probabilities}
        said = ", ".join(f"{emotion} {share:.0%}" for emotion, share in shares.items())
        figure = probability_figure(shares, chance=1 / len(model.card.labels))
        show_chart(figure, "clip_answer", f"Probabilities: {said}.", pd.DataFrame([shares]))
    if clip["corpus"] in {corpus.corpus for corpus in model.card.training_data}:
        st.warning(HEARD, icon=":material/hearing:")


def _verdict(answer: Prediction) -> str:
    if answer.emotion is None:
        return " ".join(answer.warnings)
    return f"{group_label(answer.emotion)}, {100 * answer.confidence:.0f} %" + ("" if answer.sure else " (not sure)")
