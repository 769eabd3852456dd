"""`holdfast recommend` in this process, on a stack whose settings name everything that a job needs in one account."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml
from account_world import REGION
from typer.testing import CliRunner

from pipeline.command import app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from recommendation_world import Ground

STACK = "rehearsal-tried"
FROM_VPC = {"StringNotEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}}
TRAFFIC = {"phases": [{"users": 1, "spawnRate": 1, "seconds": 120}]}


@contextmanager
def limited_image(ground: Ground) -> Iterator[None]:
    """The repository's statements name no resource."""
    ecr, name = ground.world.client("ecr"), ground.made["image"].partition("/")[2].partition("@")[0]
    pull = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    statement = {"Effect": "Deny", "Principal": "*", "Action": pull, "Condition": FROM_VPC}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    ecr.set_repository_policy(repositoryName=name, policyText=document)
    yield
    ecr.delete_repository_policy(repositoryName=name)


@dataclass
class Recommending:
    """What the tests use."""

    ground: Ground
    project: Path
    name: str
    """Of the endpoint: the jobs of other tests have other names."""
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        return self.project / f"Pulumi.{STACK}.yaml"

    def write(self, **changed: Any) -> None:
        """The stack's settings; `None` takes a part of `recommender` away."""
        ground = self.ground
        recommender = {
            "version": ground.package,
            "job": "Advanced",
            "instanceTypes": ["ml.m5.large", "ml.c5.large"],
            "traffic": TRAFFIC,
            "stop": {"maxInvocations": 30000},
            "role": ground.role,
            "subnets": ground.subnets,
            "securityGroups": [ground.group],
            "bucket": ground.made["bucket"],
            **changed,
        }
        config = {
            "aws:region": REGION,
            "holdfast:name": self.name,
            "holdfast:key": "none",
            "holdfast:instanceType": "ml.m5.xlarge",
            "holdfast:sample": "sample.csv",
            "holdfast:recommender": {name: value for name, value in recommender.items() if value is not None},
        }
        text = yaml.safe_dump({"config": config}, sort_keys=False)
        self.file.write_text(text.replace("ml.m5.xlarge", "ml.m5.xlarge   # somebody's guess"))

    def holdfast(self, *arguments: str) -> tuple[int, str]:
        """The command's exit code, and all that it wrote."""
        done = CliRunner().invoke(app, ["recommend", "-s", STACK, "-C", str(self.project), *arguments])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, " ".join(done.output.split())

    def told(self, *arguments: str) -> dict[str, Any]:
        """The command's report as JSON."""
        done = CliRunner().invoke(app, ["recommend", "-s", STACK, "-C", str(self.project), *arguments, "--json"])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return {**json.loads(done.stdout), "code": done.exit_code}

    def jobs(self) -> list[dict[str, Any]]:
        """This test's jobs in the account."""
        client = self.ground.world.sagemaker
        return list(client.list_inference_recommendations_jobs(NameContains=self.name)["InferenceRecommendationsJobs"])

    def interrupting(self, after: int) -> Callable[[float], None]:
        """Between two looks the account's clock moves on; after so many Ctrl-C is pressed."""
        looks: list[float] = []

        def sleep(seconds: float) -> None:
            looks.append(seconds)
            self.ground.world.account.advance(120)
            if len(looks) == after:
                raise KeyboardInterrupt

        return sleep

    def record(self, job: str) -> dict[str, Any]:
        """A job's record in the bucket."""
        s3, bucket = self.ground.world.client("s3"), self.ground.made["bucket"]
        return dict(json.loads(s3.get_object(Bucket=bucket, Key=f"records/{job}.json")["Body"].read()))

    def damage_record(self, job: str) -> None:
        """Somebody wrote half of something else there."""
        s3, bucket = self.ground.world.client("s3"), self.ground.made["bucket"]
        s3.put_object(Bucket=bucket, Key=f"records/{job}.json", Body=b'{"job": ')
