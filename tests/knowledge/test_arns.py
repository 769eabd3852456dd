"""ARNs, images and S3 URLs, taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.arns import Arn, last_segment, parse, parse_image, parse_s3

PART = st.text("abc-123", min_size=1, max_size=8)


@given(PART, PART, PART, PART, st.text("abc/:123", min_size=1, max_size=12))
def test_an_arn_is_what_it_was_read_from(
    partition: str, service: str, region: str, account: str, resource: str
) -> None:
    """str and parse are inverse."""
    text = f"arn:{partition}:{service}:{region}:{account}:{resource}"

    assert str(Arn.parse(text)) == text


@pytest.mark.parametrize("text", ["", "arn", "arn:aws:s3", "arn:::::", "s3://a/b", None, 1])
def test_what_is_no_arn_is_none(text: object) -> None:
    """Never a traceback."""
    assert parse(text) is None


def test_kind_and_name_of_a_resource() -> None:
    """Roles keep their path in the name, and lose it in the last segment."""
    arn = Arn.parse("arn:aws:iam::111122223333:role/team/model")

    assert (arn.kind, arn.name, last_segment(str(arn))) == ("role", "team/model", "model")


@pytest.mark.parametrize(
    ("reference", "repository", "tag", "digest"),
    [
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/a/b:1", "a/b", "1", ""),
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/a@sha256:00", "a", "", "sha256:00"),
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/a:1@sha256:00", "a", "1", "sha256:00"),
        ("111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/a", "a", "", ""),
        ("registry.example.com:5000/a", "registry.example.com:5000/a", "", ""),
        ("registry.example.com:5000/a:2", "registry.example.com:5000/a", "2", ""),
    ],
)
def test_images(reference: str, repository: str, tag: str, digest: str) -> None:
    """ECR and other registries; a port is no tag."""
    image = parse_image(reference)

    assert (image.repository, image.tag, image.digest) == (repository, tag, digest)
    assert image.is_ecr is reference.startswith("1111")


def test_the_partition_of_a_registry() -> None:
    """China has its own, and so has GovCloud."""
    arn = parse_image("111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/a").repository_arn

    assert arn == "arn:aws-cn:ecr:cn-north-1:111122223333:repository/a"


@pytest.mark.parametrize(
    ("url", "bucket", "key"),
    [
        ("s3://b/k/l", "b", "k/l"),
        ("s3://b", "b", ""),
        ("https://b.s3.eu-west-1.amazonaws.com/k", "b", "k"),
        ("https://s3.eu-west-1.amazonaws.com/b/k", "b", "k"),
        ("https://b.s3.amazonaws.com/k", "b", "k"),
    ],
)
def test_s3_urls(url: str, bucket: str, key: str) -> None:
    """Both forms that SageMaker takes."""
    location = parse_s3(url)

    assert location is not None
    assert (location.bucket, location.key) == (bucket, key)


def test_what_is_no_s3_url_is_none() -> None:
    """Another web page."""
    assert parse_s3("https://example.com/b/k") is None
