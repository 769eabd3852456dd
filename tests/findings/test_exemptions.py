"""An exemption lets one finding pass for a while, says who answers for it, and never more than that."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from findings.exemptions import CHECK, Exemptions, ExemptionsError, load, load_for, locate, today
from findings.finding import Finding

URN = "urn:pulumi:rehearsal::holdfast::holdfast:index:Model$aws:sagemaker/model:Model::decision-trees"
DAY = date(2026, 11, 22)
Write = Callable[..., Exemptions]


def finding(**changes: object) -> Finding:
    """A rule's violation by a model."""
    values: dict[str, object] = {
        "source": "rule",
        "name": "model-images-are-pinned-by-digest",
        "outcome": "violated",
        "severity": "high",
        "message": "Model decision-trees: a tag.",
        "urn": URN,
        "resource_name": "decision-trees",
        "arn": "arn:aws:sagemaker:eu-central-1:111122223333:model/decision-trees-1234567",
    }
    return Finding(**{**values, **changes})  # type: ignore[arg-type]


def entry(**changes: str | None) -> str:
    """One entry of the file; None leaves a key out."""
    values: dict[str, str | None] = {
        "rule": "model-images-are-pinned-by-digest",
        "resource": "decision-trees",
        "reason": "moves on Monday",
        "owner": "ml-platform",
        "expires": "2026-11-22",
    }
    lines = [f"{key}: {value}" for key, value in {**values, **changes}.items() if value is not None]
    return "  - " + "\n    ".join(lines) + "\n"


@pytest.fixture
def written(tmp_path: Path) -> Write:
    """Write a file of entries and load it."""

    def write(*entries: str, head: str = "schema_version: 1\nexemptions:\n") -> Exemptions:
        path = tmp_path / "exemptions.yaml"
        path.write_text(head + "".join(entries), encoding="utf-8")
        return load(path)

    return write


def test_the_last_day_is_inclusive(written: Write) -> None:
    """`expires: 2026-11-22` holds on the 22nd and not on the 23rd."""
    exemptions = written(entry())

    exempted = exemptions.apply(finding(), DAY)

    assert exempted.exempted_by is not None
    assert str(exempted.exempted_by) == "moves on Monday (owner: ml-platform, until 2026-11-22)"
    assert exemptions.apply(finding(), date(2026, 11, 23)) == finding()
    assert exemptions.lapsed(finding(), date(2026, 11, 23)) is not None


@pytest.mark.parametrize(
    "resource",
    [
        "decision-trees",
        URN,
        "urn:pulumi:rehearsal::*::decision-trees",
        "arn:aws:sagemaker:eu-central-1:111122223333:model/decision-trees-1234567",
    ],
)
def test_a_resource_is_named_by_name_urn_or_arn(written: Write, resource: str) -> None:
    """People know one of the three."""
    assert written(entry(resource=f"'{resource}'")).exempting(finding(), DAY) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"resource": "decision"},
        {"resource": "Decision-trees"},
        {"resource": "'urn:pulumi:production::*::decision-trees'"},
        {"resource": "arn:aws:sagemaker:eu-central-1:111122223333:model/decision-trees"},
        {"rule": "endpoint-keys-are-held"},
        {"rule": None, "guard": "model-images-are-pinned-by-digest"},
    ],
)
def test_nothing_else_is_exempted(written: Write, changes: dict[str, str | None]) -> None:
    """Another resource, another rule, a guard of the same name: an exemption doesn't spread."""
    assert written(entry(**changes)).exempting(finding(), DAY) is None


def test_a_bracket_in_a_urn_is_a_bracket(written: Write) -> None:
    """Names like `model[0]` are common in loops; in a glob they would mean something else."""
    urn = URN + "[0]"

    assert written(entry(resource=f"'{urn}'")).exempting(finding(urn=urn), DAY) is not None
    assert written(entry(resource=f"'{urn}'")).exempting(finding(urn=URN + "0"), DAY) is None


def test_what_does_not_refuse_needs_no_exemption(written: Write) -> None:
    """Undecided and advisory findings pass anyway; marking them exempted would hide that nobody needs it."""
    exemptions = written(entry())

    assert exemptions.apply(finding(outcome="undecided"), DAY).exempted_by is None
    assert exemptions.apply(finding(advisory=True), DAY).exempted_by is None


@pytest.mark.parametrize("text", ["2026-13-45", "tomorrow", "2026-W48-1", "20261201", "31.12.2026", "never"])
def test_a_malformed_date_counts_as_expired_and_is_an_error(written: Write, text: str) -> None:
    """Who mistypes a date must not be exempted for ever; and the other entries still hold."""
    exemptions = written(entry(expires=text), entry(resource="other", expires="2026-12-01"))

    [problem, *_] = exemptions.problems([], DAY)

    assert exemptions.exempting(finding(), DAY) is None
    assert exemptions.exempting(finding(resource_name="other"), DAY) is not None
    assert problem.refuses
    assert problem.name == CHECK
    assert (
        f"line 3: the exemption of rule model-images-are-pinned-by-digest for decision-trees expires on '{text}'"
        in (problem.message)
    )
    assert exemptions.malformed() == [problem]


def test_an_exemption_that_is_over_or_matches_nothing_is_reported(written: Write) -> None:
    """Stale entries are how lists of exemptions rot; they are told, and don't refuse."""
    exemptions = written(entry(expires="2026-11-21"), entry(resource="gone"), entry(rule=None, guard="g", resource="k"))
    used = finding(source="guard", name="g", resource_name="k")

    problems = exemptions.problems([used], DAY)

    assert [problem.message.split(") ")[-1] for problem in problems] == [
        "ended on 2026-11-21.",
        "matches nothing that was found.",
    ]
    assert not any(problem.refuses for problem in problems)


def test_no_file_and_an_empty_list_exempt_nothing(tmp_path: Path, written: Write) -> None:
    """The common case."""
    assert load(tmp_path / "exemptions.yaml") == Exemptions()
    for text in ("", "# only a comment\n", "schema_version: 1\n", "schema_version: 1\nexemptions: []\n"):
        assert written(head=text) == Exemptions()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("schema_version: 2\n", "line 1: schema_version is 1"),
        ("exemptions: []\n", "line 1: schema_version is 1"),
        ("schema_version: 1\nexemption: []\n", "not exemption"),
        ("- rule: a\n", "the keys schema_version and exemptions"),
        ("schema_version: 1\nexemptions: soon\n", "line 2: exemptions is a list"),
        ("schema_version: 1\nexemptions: [soon]\n", "line 2: an entry has the keys"),
        ("schema_version: 1\nexemptions:\n" + entry(owner=None), "line 3: owner is missing"),
        ("schema_version: 1\nexemptions:\n" + entry(reason="''"), "line 5: reason is empty"),
        ("schema_version: 1\nexemptions:\n" + entry(until="2027-01-01"), "line 8: until is no key"),
        ("schema_version: 1\nexemptions:\n" + entry(rule=None), "one of both"),
        ("schema_version: 1\nexemptions:\n" + entry(guard="g"), "one of both"),
        ("schema_version: 1\nexemptions:\n" + entry(resource="'*'"), "line 4: resource: "),
        ("schema_version: 1\nexemptions:\n" + entry(resource="'urn:pulumi:*::*::*::*'"), "has to name something"),
        ("schema_version: 1\nexemptions:\n" + entry(owner="[a, b]"), "line 6: owner is one text"),
        ("schema_version: 1\nexemptions:\n" + entry() + "    owner: b\n", "line 8: owner stands here a second time"),
        ("schema_version: 1\nexemptions:\n  - &a {}\n  - *a\n", "line 4: aliases"),
        ("schema_version: [\n", "no YAML"),
        ("\x00", "no YAML"),
        ("? [a]\n: b\n", "a key is a text"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_line_and_key(written: Write, text: str, says: str) -> None:
    """A file half understood would exempt what nobody meant."""
    with pytest.raises(ExemptionsError) as caught:
        written(head=text)

    assert says in str(caught.value)
    assert "exemptions.yaml" in str(caught.value)
    assert str(caught.value).endswith("Nothing is exempted.")


def test_a_file_that_cannot_be_read_is_no_empty_file(tmp_path: Path) -> None:
    """A folder of that name, or bytes that are no text, must not pass for `no exemptions`."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")

    for name in ("folder", "bytes"):
        with pytest.raises(ExemptionsError, match="can't be read"):
            load(tmp_path / name)


def test_the_file_is_found_beside_pulumi_yaml_or_where_the_variable_says(tmp_path: Path) -> None:
    """Rules and guards must find the same file."""
    assert locate(tmp_path, {}) == tmp_path / "exemptions.yaml"
    assert locate(tmp_path, {"HOLDFAST_EXEMPTIONS": "/elsewhere/e.yaml"}) == Path("/elsewhere/e.yaml")


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    """Somebody counts on it; nobody counts on one beside Pulumi.yaml that nobody wrote."""
    assert load_for(tmp_path, {}).entries == ()

    with pytest.raises(ExemptionsError, match=r"e\.yaml, which HOLDFAST_EXEMPTIONS names, isn't there"):
        load_for(tmp_path, {"HOLDFAST_EXEMPTIONS": str(tmp_path / "e.yaml")})


def test_the_repositorys_own_file_exempts_nothing() -> None:
    """What is delivered is exempted from nothing."""
    repository = Path(__file__).resolve().parents[2]

    assert load(repository / "exemptions.yaml").entries == ()
    assert today() >= date(2026, 1, 1)
