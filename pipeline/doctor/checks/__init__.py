"""The checks of `holdfast doctor`, one file each, named after the healthy state.

`CHECKS` lists them by hand, so that a file is in force only when somebody said so; a test compares it with the folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.doctor.checks import (
    artifacts_are_there,
    buckets_for_results_are_there,
    credentials_providers_are_there,
    definitions_are_there,
    endpoints_are_in_service,
    images_are_there,
    keys_are_usable,
    model_packages_are_approved,
    networks_are_there,
    private_images_can_be_pulled,
    roles_are_trusted,
    roles_have_what_models_need,
    ssm_access_is_off_or_ends,
)

if TYPE_CHECKING:
    from pipeline.doctor.check import Check

CHECKS: Final[tuple[Check, ...]] = (
    endpoints_are_in_service.check,
    definitions_are_there.check,
    artifacts_are_there.check,
    images_are_there.check,
    roles_are_trusted.check,
    roles_have_what_models_need.check,
    keys_are_usable.check,
    networks_are_there.check,
    buckets_for_results_are_there.check,
    credentials_providers_are_there.check,
    private_images_can_be_pulled.check,
    model_packages_are_approved.check,
    ssm_access_is_off_or_ends.check,
)
