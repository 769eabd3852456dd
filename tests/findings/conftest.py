"""Findings of every kind, for the reports' tests."""

import pytest

from findings.finding import ExemptedBy, Finding

KEY_URN = "urn:pulumi:rehearsal::holdfast::aws:kms/key:Key::decision-trees"
HOSTILE = "Model [red]scor\x1b[31ming\u202e[/red]\n::error:: <script>|`x`"


@pytest.fixture
def every_kind() -> list[Finding]:
    """One finding of each group, the least severe first."""
    return [
        Finding("rule", "artifacts-are-not-overwritten", "passed", "low", "Model a: passed."),
        Finding("rule", "endpoints-roll-back-on-alarms", "violated", "medium", "Endpoint a: no alarm.", advisory=True),
        Finding("rule", "endpoint-keys-are-held", "undecided", "high", "Key a: tags is not known before `up`."),
        Finding(
            "rule",
            "model-images-are-pinned-by-digest",
            "violated",
            "critical",
            "Model a: primaryContainer.image is a:latest.",
            exempted_by=ExemptedBy("moves on Monday", "ml-platform", "2026-12-01"),
        ),
        Finding(
            "guard",
            "keys-in-use-stay",
            "violated",
            "critical",
            HOSTILE,
            urn=KEY_URN,
            resource_type="aws:kms/key:Key",
            resource_name="decision-trees",
            path=("Key decision-trees", "EndpointConfiguration tenant-1", "Endpoint tenant"),
            fix="Keep the key.",
        ),
    ]
