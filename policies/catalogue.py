"""
The catalogue of the rules, made from their docstrings: `python -m policies.catalogue` writes `policies/CATALOGUE.md`.

Place: documentation. A test fails when the file is stale, so that what people read is what the rules say.
"""

from __future__ import annotations

import inspect
import sys
from importlib import import_module
from pathlib import Path
from typing import Final

from policies.container_access import pack as container_access
from policies.endpoint_integrity import pack as endpoint_integrity
from policies.everything import pack as everything
from policies.rule import ResourceRule, Rule
from policies.rules import RULES

PAGE: Final = Path(__file__).with_name("CATALOGUE.md")
PACKS: Final = (endpoint_integrity, container_access, everything)
SECTIONS: Final = ("Avoid", "Prefer", "Why", "Not covered")
CODE: Final = ("Avoid", "Prefer")


class PageError(ValueError):
    """A rule's docstring isn't in the order that every page has; the message names file and section."""


def module_name(rule: Rule) -> str:
    """The module that a rule has to stand in."""
    return f"policies.rules.{rule.name.replace('-', '_')}"


def sections(rule: Rule) -> dict[str, str]:
    """
    The claim (under the empty name) and the four sections of a rule's docstring.

    Raises PageError when one is missing, empty, or in another place.
    """
    name = module_name(rule)
    lines = inspect.cleandoc(import_module(name).__doc__ or "").split("\n")
    found: dict[str, list[str]] = {"": []}
    current = ""
    for line in lines:
        if line in SECTIONS:
            current = line
            found[current] = []
        else:
            found[current].append(line)
    if tuple(found) != ("", *SECTIONS):
        raise PageError(f"{name}: the docstring has the claim and then {', '.join(SECTIONS)}, not {tuple(found)[1:]}")
    texts = {section: inspect.cleandoc("\n".join(body)).strip("\n") for section, body in found.items()}
    if empty := [section or "the claim" for section, text in texts.items() if not text.strip()]:
        raise PageError(f"{name}: {', '.join(empty)} is empty")
    return texts


def page() -> str:
    """The whole catalogue."""
    lines = [
        "# Catalogue of the rules",
        "",
        "Made by `python -m policies.catalogue` from the rules' own docstrings; edit those. How packs are used, what",
        "the four outcomes mean and how to exempt: [docs/policies.md](../docs/policies.md).",
        "",
        "| rule | severity | judges | " + " | ".join(f"`{pack.NAME}`" for pack in PACKS) + " |",
        "|---|---|---|" + "---|" * len(PACKS),
    ]
    for rule in RULES:
        levels = " | ".join(pack.LEVELS.get(rule.name, "") for pack in PACKS)
        lines.append(f"| [{rule.name}](#{rule.name}) | {rule.severity} | {_judges(rule)} | {levels} |")
    for rule in RULES:
        lines += ["", *_entry(rule)]
    return "\n".join(lines) + "\n"


def _judges(rule: Rule) -> str:
    return "a resource" if isinstance(rule, ResourceRule) else "the stack"


def _entry(rule: Rule) -> list[str]:
    texts = sections(rule)
    types = ", ".join(f"`{token}`" for token in rule.types)
    lines = [
        f"## {rule.name}",
        "",
        _flowing(texts[""]),
        "",
        f"Severity {rule.severity}, {rule.concern}; judges {_judges(rule)}: {types}. [AWS says]({rule.url})",
    ]
    for section in SECTIONS:
        lines += ["", f"**{section}**", ""]
        lines += ["```text", texts[section], "```"] if section in CODE else [_flowing(texts[section])]
    return lines


def _flowing(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")
