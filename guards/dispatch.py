"""Which guard judges what: by resource type, for creations, changes in place and deletions.

Place: between the hooks (`guards.install`) and the guards; imported with the first thing that has to be judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from guards import (
    kinds,
    narrowing,
    openness,
    packages,
    private_dns,
    registrations,
    routes,
    scaling,
    traffic,
    vpc_endpoints,
)
from guards.default_keys import judge_default_encryption
from guards.deletions import judge_deletion
from guards.endpoint import judge_endpoint_deletion, judge_endpoint_name
from guards.exclusive_policies import judge_exclusive, judge_exclusive_deletion
from guards.existence import judge_configuration, judge_model
from guards.expiry import judge_bucket_lifecycle, judge_image_lifecycle
from guards.registry_functions import judge_function_update, judge_providers
from guards.role_rights import judge_rights_deletion

if TYPE_CHECKING:
    from collections.abc import Callable

    from guards.judge import Judge
    from guards.plan import Operation
    from guards.report import Report

    Guard = Callable[[Operation, Judge, Report], None]

_BUCKETS = kinds.TYPES_OF["bucket"]
_POLICIES = (kinds.BUCKET_POLICY, kinds.KEY_POLICY, kinds.REPOSITORY_POLICY)
_EXCLUSIVE = (kinds.EXCLUSIVE_ATTACHMENT, kinds.EXCLUSIVE_POLICIES, kinds.EXCLUSIVE_ATTACHMENTS)
_LIFECYCLES = (kinds.BUCKET_LIFECYCLE, kinds.BUCKET_LIFECYCLE_V2)

CREATIONS: dict[str, tuple[Guard, ...]] = {
    kinds.MODEL: (judge_model, judge_providers, packages.judge_model),
    kinds.CONFIGURATION: (judge_configuration, packages.judge_configuration),
    kinds.CLOUD_CONTROL: (registrations.judge_registration,),
    kinds.PACKAGE_GROUP: (registrations.judge_group,),
    kinds.ENDPOINT: (judge_endpoint_name,),
    kinds.VPC_ENDPOINT: (private_dns.judge_creation,),
    kinds.REPOSITORY_LIFECYCLE: (judge_image_lifecycle,),
    **dict.fromkeys(_LIFECYCLES, (judge_bucket_lifecycle,)),
    **dict.fromkeys(kinds.DEFAULT_ENCRYPTION, (judge_default_encryption,)),
    **dict.fromkeys(_POLICIES, (openness.judge_resource_policy,)),
    **dict.fromkeys(_EXCLUSIVE, (judge_exclusive,)),
}
"""What may not be made: it names what isn't there, or it takes something away by being there."""

CHANGES: dict[str, tuple[Guard, ...]] = {
    kinds.ENDPOINT: (packages.judge_endpoint_update, scaling.judge_endpoint_update),
    **dict.fromkeys(kinds.TYPES_OF["key"], (narrowing.judge_key,)),
    kinds.ALIAS: (narrowing.judge_alias,),
    **dict.fromkeys(kinds.TYPES_OF["artifact"], (narrowing.judge_object,)),
    kinds.ROLE: (narrowing.judge_role_update,),
    kinds.ROLE_POLICY: (narrowing.judge_role_policy,),
    kinds.POLICY: (narrowing.judge_policy,),
    kinds.GROUP: (traffic.judge_group_update,),
    kinds.ROUTE_TABLE: (routes.judge_table_update,),
    kinds.ASSOCIATION: (routes.judge_association_update,),
    kinds.VPC_ENDPOINT: (vpc_endpoints.judge_endpoint_update, traffic.judge_endpoint_groups),
    **dict.fromkeys(_EXCLUSIVE, (judge_exclusive,)),
    kinds.FUNCTION: (judge_function_update,),
    kinds.REPOSITORY_LIFECYCLE: (judge_image_lifecycle,),
    **dict.fromkeys(traffic.RULES, (traffic.judge_rule_update,)),
    **dict.fromkeys(_BUCKETS, (judge_bucket_lifecycle, judge_default_encryption)),
    **dict.fromkeys(_LIFECYCLES, (judge_bucket_lifecycle,)),
    **dict.fromkeys(kinds.DEFAULT_ENCRYPTION, (judge_default_encryption,)),
    **dict.fromkeys(_POLICIES, (openness.judge_resource_policy,)),
}
"""What may be taken away in place."""

_HARMLESS: tuple[Guard, ...] = ()
DELETIONS: dict[str, tuple[Guard, ...]] = {
    **{token: (judge_deletion,) for token, kind in kinds.GUARDED.items() if kind.node},
    kinds.ENDPOINT: (judge_endpoint_deletion,),
    kinds.ROLE_POLICY: (judge_rights_deletion,),
    kinds.ATTACHMENT: (judge_rights_deletion,),
    kinds.POLICY: (judge_rights_deletion,),
    kinds.EXCLUSIVE_ATTACHMENT: (judge_exclusive_deletion,),
    kinds.GRANT: (openness.judge_grant_deletion,),
    kinds.PERMISSION: (openness.judge_permission_deletion,),
    kinds.ROUTE: (routes.judge_route_deletion,),
    kinds.ASSOCIATION: (routes.judge_association_deletion,),
    kinds.VPC_ENDPOINT_ROUTES: (vpc_endpoints.judge_gateway_association_deletion,),
    **dict.fromkeys(traffic.RULES, (traffic.judge_rule_deletion,)),
    **dict.fromkeys(_POLICIES, (openness.judge_policy_deletion,)),
    # What stays keeps its key, what comes needs none; without its lifecycle rules nothing expires, and what was a
    # role's only policies stays with it.
    **dict.fromkeys([*kinds.DEFAULT_ENCRYPTION, *_LIFECYCLES, kinds.REPOSITORY_LIFECYCLE], _HARMLESS),
    **dict.fromkeys([kinds.EXCLUSIVE_POLICIES, kinds.EXCLUSIVE_ATTACHMENTS], _HARMLESS),
}
"""What may not go. Every guarded type is here: one that is missing would be a guard that nobody wrote."""

ONE_BY_ONE = frozenset({kinds.ROLE_POLICY, kinds.ATTACHMENT, kinds.POLICY, kinds.GRANT, kinds.ROUTE, *traffic.RULES})
"""Two of these that open the same must not both count as the other's relief."""


def judge(operation: Operation, guards: dict[str, tuple[Guard, ...]], by: Judge, report: Report) -> None:
    """Ask every guard that has a say in it; raises Refused."""
    for guard in guards.get(operation.type, ()):
        guard(operation, by, report)
