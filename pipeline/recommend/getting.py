"""What a job gets, looked at: the registered version, its artifact and image, the payload, by which rights.

Every policy is evaluated: the role's own, those of bucket and repository, that of the gateway endpoint on the way.
Asked: SageMaker DescribeModelPackage; IAM's documents of the role; S3 GetBucketPolicy; ECR GetRepositoryPolicy.
Source: "Give Inference Recommender Jobs Access to Resources in Your Amazon VPC".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from knowledge import recommendations as facts
from knowledge.arns import parse_image, parse_s3
from knowledge.permissions import PULL_IMAGE
from knowledge.policy_documents import Outcome as Answer
from knowledge.policy_documents import decide, evaluate, read
from knowledge.vpc_limits import Reach, reach
from pipeline.recommend import versions
from pipeline.recommend.ground import ARTIFACT, IMAGE, LIMITED, PAYLOAD, POLICY, ROLE, VERSION, finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from findings.finding import Finding
    from guards.live import Account
    from guards.rights import Rights
    from pipeline.recommend.ground import Ground
    from pipeline.recommend.network import Network


@dataclass
class Getting:
    """What a job's role gets of what it needs; the role's documents are read once."""

    account: Account
    ground: Ground
    network: Network
    _kept: dict[str, Any] = field(default_factory=dict)

    def version(self) -> Iterator[Finding]:
        """The model is registered."""
        yield versions.judged(self.account, self.ground.version, VERSION)

    def containers(self) -> list[dict[str, Any]]:
        """Of the version; none where it isn't there."""
        return versions.containers(versions.described(self.account, self.ground.version))

    def artifacts(self) -> Iterator[Finding]:
        """The version's artifacts aren't limited to a VPC."""
        for container in self.containers() if self.role_is_there else ():
            for url in versions.artifacts(container):
                location = parse_s3(url)
                if location is not None:
                    key = f"{location.key}*" if location.is_prefix else location.key
                    yield from self._object(ARTIFACT, f"the artifact {url}", location.bucket, key)

    def payload(self) -> Iterator[Finding]:
        """Nor is the sample payload."""
        if self.role_is_there:
            yield from self._object(PAYLOAD, "the sample payload", self.ground.bucket, "payloads/*")

    @property
    def role_is_there(self) -> bool:
        """Whether the role is there. Told by `role` where it isn't."""
        return self.account.ask("iam", "get_role", RoleName=self.ground.role.rpartition("/")[2]) is not None

    def _object(self, name: str, what: str, bucket: str, key: str) -> Iterator[Finding]:
        from guards import usage
        from guards.resource_policies import live_policy
        from guards.usage import Node

        policy = live_policy(self.account, Node(usage.BUCKET, bucket))
        arn = f"arn:{self._partition}:s3:::{bucket}/{key}"
        found = reach(self.rights.known, policy, "s3:GetObject", arn, self.ground.role)
        yield self._reached(name, found, what, f"bucket {bucket}", "s3:GetObject")
        for endpoint in self.network.gateways() if self.ground.subnets else ():
            yield from self._through(endpoint, what, arn)

    def images(self) -> Iterator[Finding]:
        """Nor are the version's images."""
        from guards import usage
        from guards.resource_policies import live_policy
        from guards.usage import Node

        for container in self.containers() if self.role_is_there else ():
            image = parse_image(container.get("Image") or "")
            if not image.is_ecr:
                continue
            node = Node(usage.REPOSITORY, f"{image.account}.{image.region}/{image.repository}")
            policy = live_policy(self.account, node)
            # A repository's statements name no resource: they are about the repository that carries them.
            worst = [
                (reach(self.rights.known, policy, action, image.repository_arn, self.ground.role), action)
                for action in PULL_IMAGE
            ]
            order = (Reach.LIMITED, Reach.REFUSED, Reach.UNKNOWN, Reach.OPEN)
            found, action = min(worst, key=lambda one: order.index(one[0]))
            yield self._reached(
                IMAGE, found, f"the image {container['Image']}", f"repository {image.repository}", action
            )

    def _reached(self, name: str, found: Reach, what: str, held_by: str, action: str) -> Finding:
        if found is Reach.OPEN:
            return finding(name, "passed", f"The policies let the role get {what} from outside every VPC.")
        if found is Reach.LIMITED:
            return finding(
                name,
                "violated",
                f"The policy of {held_by} lets {action} {LIMITED}, and {what} is fetched from outside: Model "
                " Registry and Inference Recommender take nothing that is limited to a VPC.",
                fix=f"Let the role {self.ground.role} through without a condition on aws:SourceVpc or aws:SourceVpce.",
            )
        if found is Reach.REFUSED:
            return finding(
                name,
                "violated",
                f"The role {self.ground.role} may not do {action} on {what}, wherever it asks from (its own policies "
                f"and that of {held_by}).",
                fix=f"Allow {action} in the role's policies.",
            )
        return finding(
            name,
            "unknown",
            f"Whether the policy of {held_by} lets the role get {what} from outside a VPC depends on conditions that "
            "can't be known from here.",
        )

    @property
    def rights(self) -> Rights:
        """What is attached to the role."""
        from guards.rights import live_rights

        if "rights" not in self._kept:
            self._kept["rights"] = live_rights(self.account, self.ground.role.rpartition("/")[2])
        rights: Rights = self._kept["rights"]
        return rights

    @property
    def _partition(self) -> str:
        return self.account.identity()[1]

    def role(self) -> Iterator[Finding]:
        """The role is there and has the eleven permissions."""
        role = self.ground.role
        rights = self.rights
        if not rights.documents and not self.role_is_there:
            yield finding(
                ROLE,
                "violated",
                f"The jobs' role {role} isn't there.",
                fix="Run `holdfast up`, which makes one, or set recommender.role to one that is there.",
            )
            return
        if any(name.rpartition("/")[2] == facts.FULL_ACCESS for _, name in rights.documents):
            yield finding(ROLE, "passed", f"The role has {facts.FULL_ACCESS}, which holds the eleven permissions.")
            return
        answers = {
            action: decide(rights.known, action, "*", boundary=rights.boundary, principal=role)
            for action in facts.NETWORK_PERMISSIONS
        }
        lacking = [action for action, answer in answers.items() if answer in {Answer.DENIED, Answer.NOT_GRANTED}]
        unsure = [action for action, answer in answers.items() if answer is Answer.UNKNOWN]
        if lacking:
            yield finding(
                ROLE,
                "violated",
                f"The jobs' role {role} lacks {', '.join(lacking)}. A job could not attach its endpoints to the "
                "subnets, and would fail.",
                fix=f"Allow them on every resource, or attach {facts.FULL_ACCESS}.",
            )
        elif unsure:
            yield finding(ROLE, "unknown", f"Conditions decide whether role {role} has {', '.join(unsure)}.")
        else:
            yield finding(ROLE, "passed", "The jobs' role has the eleven permissions of a job in a VPC.")

    def _through(self, endpoint: dict[str, Any], what: str, arn: str) -> Iterator[Finding]:
        text = endpoint.get("PolicyDocument")
        if not text:
            return
        answer = evaluate([read(text)], "s3:GetObject", arn, principal=self.ground.role)
        name = endpoint["VpcEndpointId"]
        if answer is Answer.ALLOWED:
            yield finding(POLICY, "passed", f"The policy of {name} lets {what} through.")
        elif answer is Answer.UNKNOWN:
            yield finding(POLICY, "unknown", f"Conditions decide whether the policy of {name} lets {what} through.")
        else:
            yield finding(
                POLICY,
                "violated",
                f"The policy of the gateway endpoint {name} doesn't let s3:GetObject of {what} through "
                f"({answer.value}).",
                fix="Give it the policy for full access, or allow s3:GetObject there.",
            )
