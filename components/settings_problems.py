"""What is wrong with settings, said so that whoever reads it knows what to change."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel

NAMESPACE = "holdfast"
HEADLINE = "The stack's settings can't be used:"
"""How the error begins, by which a pipeline tells a mistake in the settings from a program that failed."""


class SettingsError(ValueError):
    """Settings that can't be used: `problems` has a sentence for each, beginning with the setting's name."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(
            f"{HEADLINE}\n{lines}\nSet one with `pulumi config set {NAMESPACE}:<setting> <value>`; nothing was changed."
        )


def contradictions(given: Mapping[str, Any]) -> list[str]:
    """What is wrong with settings that are right one by one."""
    problems = []
    if ("subnets" in given) != ("securityGroups" in given):
        missing = "securityGroups" if "subnets" in given else "subnets"
        problems.append(f"{missing}: missing; subnets and securityGroups go together, or both are left out")
    if given.get("keyEnabled") in (False, "false") and given.get("key", "own") != "own":
        problems.append("keyEnabled: only a key of the stack's own can be disabled here, and key isn't own")
    return problems


def problem(model: type[BaseModel], error: Mapping[str, Any], hidden: frozenset[str]) -> str:
    """One sentence: which setting, what was given, what the setting is, what it may be."""
    key = str(error["loc"][0])
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    inner = _model_in(fields[key].annotation) if key in fields and len(error["loc"]) > 1 else None
    if inner is not None:
        within = {**error, "loc": error["loc"][1:]}
        if key in hidden and error["type"] == "extra_forbidden":
            return f"{key}: it has more than {' and '.join(inner.model_fields)}"
        return f"{key}.{problem(inner, within, frozenset(map(str, within['loc'])) if key in hidden else frozenset())}"
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, fields, n=1, cutoff=0.5)
        meant = f"; did you mean {near[0]}?" if near else f". There are {', '.join(sorted(fields))}"
        return f"{key}: there is no such setting{meant}"
    field = fields[key]
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    if "may_be" not in extra:  # a part of a part: pydantic's own words say what it may be
        where = ".".join(str(each) for each in error["loc"])
        return f"{where}: {'its value' if key in hidden else repr(error.get('input'))} doesn't fit ({error['msg']})"
    if error["type"] == "missing":
        said = "missing"
    elif key in hidden:
        said = "its value (a secret) doesn't fit"
    elif error["type"] == "value_error":
        said = str(error["ctx"]["error"])
    else:
        said = f"{error['input']!r} was given"
    return f"{key}: {said}{'' if said.endswith('?') else '.'} It is {field.description}, and may be {extra['may_be']}"


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model of a setting that is a map with settings of its own."""
    for one in (annotation, *get_args(annotation)):
        if isinstance(one, type) and issubclass(one, BaseModel):
            return one
    return None
