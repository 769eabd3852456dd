"""What packs say reaches the report as findings again, whole, and what other packs say is not misread."""

from findings.finding import ExemptedBy, Finding
from findings.policy_messages import finding_of
from policies import wording

URN = "urn:pulumi:test::holdfast::holdfast:index:Model$aws:sagemaker/model:Model::scoring"
FINDING = Finding(
    source="rule",
    name="model-images-are-pinned-by-digest",
    outcome="violated",
    severity="high",
    message="Model scoring: primaryContainer.image is a:1.",
    urn=URN,
    resource_type="aws:sagemaker/model:Model",
    resource_name="scoring",
    path=("Model scoring", "EndpointConfiguration c", "Endpoint e"),
    fix="Set primaryContainer.image to a@sha256:<digest>.",
)


def test_a_violation_survives_the_way_through_the_engine() -> None:
    """Path, fix and a severity that isn't the rule's own are lines of one text there."""
    text = "A title.\n" + wording.violation(FINDING, "critical")

    assert finding_of(FINDING.name, "mandatory", text, URN, "critical") == FINDING


def test_an_exempted_finding_comes_back_under_its_rules_name() -> None:
    """It is shown by another policy, advisory, and is still this rule's."""
    exempted = FINDING.exempted(ExemptedBy("moves (on Monday)", "a, b", "2026-12-31"))

    back = finding_of("resource-exemptions-in-force", "advisory", "A title.\n" + wording.exempted(exempted), URN, "low")

    assert (back.name, back.message, back.exempted_by) == (FINDING.name, FINDING.message, exempted.exempted_by)
    assert not back.refuses


def test_undecided_is_undecided_and_not_a_violation() -> None:
    """pulumi-policy words it as a policy that can't be run."""
    text = (
        "can't run policy 'a' from policy pack 'p@v0.0.1' during preview: "
        "undecided: Model scoring: primaryContainer.image is not known before `up`."
    )

    back = finding_of("a", "advisory", text, URN)

    assert back.outcome == "undecided"
    assert back.message == "Model scoring: primaryContainer.image is not known before `up`."
    assert not back.refuses


def test_advice_refuses_nothing_and_somebody_elses_pack_is_quoted_as_it_is() -> None:
    """Any pack may run beside ours."""
    advised = finding_of("tags", "advisory", "Tags are set.\nNo tags on a bucket.", URN)
    refused = finding_of("tags", "mandatory", "Tags are set.\nNo tags on a bucket.")

    assert (advised.advisory, advised.refuses, advised.severity) == (True, False, "low")
    assert (refused.refuses, refused.severity, refused.urn, refused.resource_type) == (True, "medium", None, "")
    assert advised.message == "Tags are set.\nNo tags on a bucket."
    assert advised.resource_type == "aws:sagemaker/model:Model"
