"""A finding survives being written and read, and refuses to be vague."""

import pytest

from findings.finding import ExemptedBy, Finding, FindingFormatError


def finding(**changes: object) -> Finding:
    """A guard's finding about a key, with some fields changed."""
    values: dict[str, object] = {
        "source": "guard",
        "name": "keys-in-use-stay",
        "outcome": "violated",
        "severity": "critical",
        "message": "Key decision-trees: it is to be deleted; two endpoints can't be patched then.",
        "urn": "urn:pulumi:rehearsal::holdfast::aws:kms/key:Key::decision-trees",
        "resource_type": "aws:kms/key:Key",
        "resource_name": "decision-trees",
        "path": ("key decision-trees", "endpoint configuration tenant-1", "endpoint tenant"),
        "fix": "Keep the key.",
    }
    return Finding(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("exempted_by", [None, ExemptedBy("moves on Monday", "ml-platform", "2026-12-01")])
def test_a_finding_survives_json(exempted_by: ExemptedBy | None) -> None:
    """Guards write findings to a file that the pipeline reads: nothing may be lost on the way."""
    before = finding(exempted_by=exempted_by, message='non-ASCII: à, quotes: " and a line\nbreak')

    text = before.to_json()

    assert Finding.from_json(text) == before
    assert "\n" not in text


def test_the_text_form_has_message_path_and_fix_in_this_order() -> None:
    """It is what a guard raises, and what people search logs for."""
    text = finding().text()

    assert text == (
        "keys-in-use-stay: Key decision-trees: it is to be deleted; two endpoints can't be patched then. "
        "Path of use: key decision-trees <- endpoint configuration tenant-1 <- endpoint tenant. Fix: Keep the key."
    )


@pytest.mark.parametrize(
    ("outcome", "exempted_by", "refuses"),
    [
        ("violated", None, True),
        ("unknown", None, True),
        ("violated", ExemptedBy("r", "o", "2026-12-01"), False),
        ("undecided", None, False),
        ("passed", None, False),
        ("not applicable", None, False),
    ],
)
def test_only_what_is_violated_or_unknown_and_not_answered_for_refuses(
    outcome: str, exempted_by: ExemptedBy | None, refuses: bool
) -> None:
    """Unknown means refused; undecided is shown and judged again at `up`."""
    assert finding(outcome=outcome, exempted_by=exempted_by).refuses is refuses


def test_an_advisory_violation_is_said_and_refuses_nothing() -> None:
    """A pack may weigh a rule as advisory: it is still a violation, and the deployment goes on."""
    assert not finding(advisory=True).refuses


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "none"),
        ("[]", "object"),
        ('{"source": "guard"}', "needs message, name, outcome, severity"),
        ('{"source":"guard","name":"a","outcome":"fine","severity":"low","message":"m"}', "not 'fine'"),
        ('{"source":"guard","name":"a","outcome":"passed","severity":"low","message":"m","colour":"red"}', "colour"),
        ('{"source":"guard","name":"a","outcome":"passed","severity":"low","message":7}', "message is text"),
        ('{"source":"guard","name":"a","outcome":"passed","severity":"low","message":"m","path":"abc"}', "path"),
        ('{"source":"guard","name":"a","outcome":"passed","severity":"low","message":"m","exempted_by":{}}', "exempt"),
        ('{"source":"guard","name":"a","outcome":"passed","severity":"low","message":"m","urn":7}', "urn"),
        ('{"source":"guard","name":"a","outcome":"passed","severity":"low","message":"m","advisory":1}', "advisory"),
    ],
)
def test_a_text_that_is_no_finding_is_refused_with_the_field_named(text: str, says: str) -> None:
    """A misread finding would count as none: it must not be read at all."""
    with pytest.raises(FindingFormatError, match=says):
        Finding.from_json(text)
