"""A class that plays the same clips: students join by a code, the teacher looks on."""

from __future__ import annotations

import streamlit as st

from pages.parts.classroom.join import show_student
from pages.parts.classroom.kept import kept_choice
from pages.parts.classroom.play import show_complaint
from pages.parts.classroom.teach import show_teacher

_ROLES = {":material/person: I am a student": show_student, ":material/co_present: I teach": show_teacher}


def show_group() -> None:
    """Draw the choice of the role, and what belongs to it."""
    show_complaint()
    names = list(_ROLES)
    role = kept_choice("Role", names, "classroom_role", names[0])
    with st.container(key="classroom_group"):
        _ROLES[role]()
