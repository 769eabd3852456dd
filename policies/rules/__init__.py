"""
The rules, one file each, named after the compliant state.

`RULES` lists them by hand, so that a file is in force only when somebody said so; a test compares it with the folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from policies.rules import (
    artifacts_are_not_overwritten,
    artifacts_do_not_expire,
    endpoint_buckets_are_held,
    endpoint_keys_are_held,
    endpoint_keys_stay_enabled,
    endpoint_storage_is_encrypted,
    endpoints_roll_back_on_alarms,
    execution_roles_keep_model_permissions,
    images_do_not_expire,
    immutable_resources_are_created_before_deleted,
    instance_types_come_from_recommendations,
    model_images_are_pinned_by_digest,
    model_package_group_policies_name_accounts,
    model_versions_are_pinned_by_digest,
    models_come_from_approved_versions,
    private_registry_models_are_in_a_vpc,
    production_variants_have_no_ssm_access,
    registry_credentials_come_from_a_function,
    ssm_access_has_an_end_date,
)

if TYPE_CHECKING:
    from policies.rule import Rule

RULES: Final[tuple[Rule, ...]] = (
    model_images_are_pinned_by_digest.rule,
    immutable_resources_are_created_before_deleted.rule,
    endpoint_keys_stay_enabled.rule,
    endpoint_keys_are_held.rule,
    endpoint_buckets_are_held.rule,
    execution_roles_keep_model_permissions.rule,
    artifacts_do_not_expire.rule,
    images_do_not_expire.rule,
    endpoints_roll_back_on_alarms.rule,
    artifacts_are_not_overwritten.rule,
    endpoint_storage_is_encrypted.rule,
    production_variants_have_no_ssm_access.rule,
    ssm_access_has_an_end_date.rule,
    private_registry_models_are_in_a_vpc.rule,
    registry_credentials_come_from_a_function.rule,
    instance_types_come_from_recommendations.rule,
    model_versions_are_pinned_by_digest.rule,
    models_come_from_approved_versions.rule,
    model_package_group_policies_name_accounts.rule,
)
