"""SER Studio in a browser: `streamlit run app.py`. This file only routes; each page is a file in `pages/`."""

from __future__ import annotations

import os

import streamlit as st
from starlette.formparsers import MultiPartParser

from pages.parts.events import start_log, visit
from pages.parts.privacy.promise import show_in_brief
from pages.parts.session_end import watch_sessions

# Before torch is imported by a page: with a thread per core, a model this small takes 30 times as long as with one
# whenever something else is busy on the machine, because its threads wait for one another.
for _library in ("OMP", "OPENBLAS"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

# The server would lay uploads over 1 MB in a temporary file on disk; sound is to stay in memory.
MultiPartParser.spool_max_size = 1 << 32

st.set_page_config(page_title="SER Studio", page_icon="🎙️", layout="wide", initial_sidebar_state=250)

PAGES = [
    st.Page("pages/predict.py", title="Recognise", icon=":material/graphic_eq:", default=True),
    st.Page("pages/signals.py", title="Signals", icon=":material/waves:"),
    st.Page("pages/recordings.py", title="Recordings", icon=":material/timeline:"),
    st.Page("pages/live.py", title="Live", icon=":material/mic:"),
    st.Page("pages/calls.py", title="Calls", icon=":material/call:"),
    st.Page("pages/explore.py", title="Explore", icon=":material/travel_explore:"),
    st.Page("pages/train.py", title="Train", icon=":material/model_training:"),
    st.Page("pages/evaluate.py", title="Evaluate", icon=":material/verified:"),
    st.Page("pages/classroom.py", title="Classroom", icon=":material/school:"),
    st.Page("pages/privacy.py", title="Privacy", icon=":material/lock:"),
]

start_log()
watch_sessions()
page = st.navigation(PAGES)
with visit(page.url_path or "predict"):
    page.run()
    show_in_brief()
