"""Recipes as text: what a page needs to show one and to hand it out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from ser_core.training.recipe import Recipe


def recipe_toml(recipe: Recipe) -> str:
    """Return a recipe as TOML that :func:`ser_core.training.recipe.parse_recipe` reads back to the same recipe.

    What stands at its default is left out, but for what everybody wants to see: kind, name, seed and corpora.
    """
    shown = {name: getattr(recipe, name) for name in ("kind", "name", "seed", "corpora")}
    content = shown | recipe.model_dump(mode="json", exclude_defaults=True)
    for part, value in recipe:  # a union is told by its kind, which is the default of each
        if isinstance(value, BaseModel) and hasattr(value, "kind") and part in content:
            content[part] = {"kind": value.kind} | content[part]
    return _table(content)


def _table(content: Mapping[str, Any], path: str = "") -> str:
    """Return a table in TOML: its values, then its tables."""
    lines = [f"{_key(name)} = {_value(value)}" for name, value in content.items() if not _is_table(value)]
    text = "".join(f"{line}\n" for line in lines if not line.endswith(" = "))
    for name, value in content.items():
        if _is_table(value):
            inner = f"{path}.{_key(name)}" if path else _key(name)
            text += f"\n[{inner}]\n{_table(value, inner)}"
    return text


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _value(value: Any) -> str:
    """Return a value in TOML, empty for None, which TOML lacks."""
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_value(part) for part in value)}]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else json.dumps(name)
