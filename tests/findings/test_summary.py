"""Findings are counted and ordered alike in every report."""

from findings import exit_codes
from findings.finding import Finding
from findings.summary import summarise


def test_each_finding_is_in_the_group_that_says_what_it_means(every_kind: list[Finding]) -> None:
    """What refuses, what waits for `up`, what only advises and what somebody answers for are never mixed up."""
    summary = summarise(every_kind)

    assert summary.counts() == {
        "refusing": 1, "undecided": 1, "advisory": 1, "exempted": 1, "passed": 1, "notApplicable": 0,
    }  # fmt: skip
    assert summary.sentence() == "1 refuses, 1 undecided, 1 advisory, 1 exempted, 1 passed"
    assert summary.exit_code == exit_codes.REFUSED


def test_the_most_severe_come_first_and_equal_ones_count_once() -> None:
    """A preview and the `up` after it tell the same."""
    low = Finding("rule", "b", "violated", "low", "m")
    critical = Finding("rule", "c", "violated", "critical", "m")
    high = Finding("rule", "a", "violated", "high", "m")

    assert summarise([low, critical, high, critical]).refusing == (critical, high, low)


def test_only_unknowns_have_an_exit_code_of_their_own() -> None:
    """`could not be asked` is another's fault than `is wrong`, and pipelines may try again."""
    unknown = Finding("guard", "a", "unknown", "high", "m")
    violated = Finding("guard", "a", "violated", "low", "m")

    assert summarise([unknown]).exit_code == exit_codes.UNKNOWN
    assert summarise([unknown, violated]).exit_code == exit_codes.REFUSED
    assert summarise([]).exit_code == exit_codes.OK
    assert summarise([]).sentence() == "nothing found"
