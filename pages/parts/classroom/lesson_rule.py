"""A recogniser of one feature and one limit, made by the student and tried on the built-in voices."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts.classroom.tasks import done, mark
from ser_core.classroom.tasks import RULE_FEATURES, example_measures, rule_outcome

_NAME = "rule"


def show_rule(lesson: str) -> str:
    """Draw the rule, what it says of each voice, and whether all are right; return the task's name."""
    with st.container(border=True, key="classroom_task_features_rule"):
        st.markdown(
            "**Your own recogniser.** Call a voice *excited* from some value of one feature on, and *quiet* below. "
            "Get all six right: angry, fearful, happy and surprised style are meant to be excited, neutral and sad to "
            "be quiet."
        )
        left, right = st.columns(2)
        feature = left.selectbox("Feature", RULE_FEATURES, key="classroom_rule_feature")
        values = [measures[feature] for measures in example_measures().values()]
        span = max(values) - min(values)
        low, high = min(values) - 0.1 * span, max(values) + 0.1 * span
        limit = right.slider(
            "Excited from", low, high, low + 0.15 * span, span / 100, format="%.3g",
            key=f"classroom_rule_{RULE_FEATURES.index(feature)}",
        )  # fmt: skip
        rows = rule_outcome(feature, limit)
        table = pd.DataFrame(
            {
                "voice": [row.title for row in rows],
                feature: [round(row.value, 1) for row in rows],
                "the rule says": [row.says for row in rows],
                "right": ["yes ✓" if row.right else "no ✗" for row in rows],
            }
        )
        st.dataframe(table, hide_index=True, key="classroom_rule_table", width="stretch")
        right_ones = sum(row.right for row in rows)
        if right_ones == len(rows) and not done(lesson, _NAME):
            mark(lesson, _NAME)
            st.rerun()
        if done(lesson, _NAME):
            st.success(
                "All six right: a limit on one feature is a classifier, and the limit is what training finds. With "
                "six voices it proves nothing: would it hold for a loud sad voice, or a microphone that is further "
                "away?",
                icon=":material/check_circle:",
            )
        else:
            st.info(f"{right_ones} of {len(rows)} right. Move the limit, or take another feature.")
    return _NAME
