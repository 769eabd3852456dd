"""What a person sees: the most severe first, colours only on a terminal, nobody's text obeyed."""

import io

import pytest
from rich.console import Console

from findings import terminal
from findings.finding import Finding


def shown(findings: list[Finding], *, on_terminal: bool) -> str:
    """The report as text."""
    output = io.StringIO()
    terminal.render(
        findings,
        Console(file=output, force_terminal=on_terminal, color_system="standard" if on_terminal else "auto", width=60),
    )
    return output.getvalue()


def test_a_pipe_gets_plain_lines_the_most_severe_first(every_kind: list[Finding]) -> None:
    """Logs of pipelines are searched: one line a statement, never wrapped, no colours."""
    text = shown(every_kind, on_terminal=False)

    assert "\x1b" not in text
    assert text.splitlines()[:5] == [
        "Refused (1)",
        "  critical guard keys-in-use-stay",
        "    Model [red]scor\\x1b[31ming\\u202e[/red] ::error:: <script>|`x`",
        "    Path of use: Key decision-trees <- EndpointConfiguration tenant-1 <- Endpoint tenant",
        "    Fix: Keep the key.",
    ]
    assert text.splitlines()[-1] == "Findings: 1 refuses, 1 undecided, 1 advisory, 1 exempted, 1 passed."


def test_an_exempted_finding_stands_apart_with_who_answers_for_it(every_kind: list[Finding]) -> None:
    """An exemption lets pass; it never hides."""
    text = shown(every_kind, on_terminal=False)

    assert text.index("Refused (1)") < text.index("Exempted: somebody answers for these (1)")
    assert "    Exempted: moves on Monday (owner: ml-platform, until 2026-12-01)" in text


def test_a_terminal_gets_colours_and_no_control_sequence_of_a_resource(every_kind: list[Finding]) -> None:
    """A resource's name can't paint the report, nor forge one of its lines."""
    text = shown(every_kind, on_terminal=True)

    assert "\x1b[1;31mcritical" in text
    assert "\\x1b[31ming\\u202e" in text
    assert "\u202e" not in text


@pytest.mark.parametrize("on_terminal", [True, False])
def test_nothing_found_prints_nothing(on_terminal: bool) -> None:
    """Silence is for the caller to break."""
    assert shown([], on_terminal=on_terminal) == ""
