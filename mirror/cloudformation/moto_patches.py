"""What moto has to do differently for templates of the CDK, patched in memory."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from moto.iam.models import AWSManagedPolicy, IAMBackend
from moto.s3.models import FakeBucket, S3Backend


def install() -> None:
    """Patch moto. Idempotent."""
    if getattr(FakeBucket, "_fraudline", False):
        return
    _allow_loopback_http()
    _log_to_buckets_without_policy()
    _know_aws_managed_policies()
    FakeBucket._fraudline = True


def _allow_loopback_http() -> None:
    """Leave out denials of unencrypted transport when a bucket policy is evaluated.

    moto ignores conditions, so the CDK's "deny where aws:SecureTransport is false" would deny all.
    The policy is stored and returned as it was put.
    """
    decide = FakeBucket.get_permission

    def get_permission(self: Any, action: str, resource: str) -> Any:
        if self.policy is None:
            return decide(self, action, resource)
        whole = self.policy
        document = json.loads(whole)
        document["Statement"] = [s for s in document["Statement"] if not _denies_http(s)]
        relaxed = _Policied(json.dumps(document).encode() if document["Statement"] else None)
        return decide(relaxed, action, resource)

    FakeBucket.get_permission = get_permission


def _log_to_buckets_without_policy() -> None:
    """Accept a target of access logs before its policy exists.

    S3 checks the policy when it delivers a log. The CDK relies on it: the policy of the target names
    the source bucket, and so comes after it. Logs are not delivered here: moto would write one object
    for each request, at once, into the bucket that `cdk destroy` has just emptied.
    """
    FakeBucket._log_permissions_enabled_policy = staticmethod(lambda **_: True)
    S3Backend.log_incoming_request = lambda _self, _request, _bucket_name: None


class _Policied:
    def __init__(self, policy: bytes | None) -> None:
        self.policy = policy


def _denies_http(statement: dict[str, Any]) -> bool:
    condition = statement.get("Condition", {}).get("Bool", {})
    secure = str(condition.get("aws:SecureTransport", "")).lower()
    return statement.get("Effect") == "Deny" and secure == "false"


def _know_aws_managed_policies() -> None:
    """Let roles carry AWS's own policies: each enters moto's state when it is first attached.

    Loading all of them at start, which moto can do, costs seconds and a megabyte of every snapshot.
    """
    attach = IAMBackend.attach_role_policy

    def attach_role_policy(self: Any, policy_arn: str, role_name: str) -> None:
        data = _managed_policies().get(policy_arn)
        if data is not None and policy_arn not in self.managed_policies:
            name = policy_arn.rpartition("/")[2]
            policy = AWSManagedPolicy.from_data(name, self.account_id, self.region_name, data)
            self.managed_policies[policy_arn] = policy
        attach(self, policy_arn, role_name)

    IAMBackend.attach_role_policy = attach_role_policy


@cache
def _managed_policies() -> dict[str, dict[str, Any]]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    found: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)
    return {f"arn:aws:iam::aws:policy{data['Path']}{name}": data for name, data in found.items()}
