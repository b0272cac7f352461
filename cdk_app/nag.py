"""Acknowledged findings of cdk-nag, each with its reason, beside the resource it is about."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Acknowledgment, Stack, Token, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, findings: Mapping[str, str]) -> None:
    """Accept findings of the rules for `construct` and what is below it.

    Args:
        findings: reason by finding, e.g. ``{"AwsSolutions-S1": "..."}``.
    """
    Validations.of(construct).acknowledge(
        *(Acknowledgment(id=finding, reason=reason) for finding, reason in findings.items())
    )


def acknowledge_wildcards(construct: IConstruct, findings: Mapping[str, str]) -> None:
    """Accept wildcards in IAM statements.

    Args:
        findings: reason by resource ARN; its account may be CDK's token.
    """
    account = Stack.of(construct).account
    written = "<AWS::AccountId>" if Token.is_unresolved(account) else account
    acknowledge(
        construct,
        {
            f"AwsSolutions-IAM5[Resource::{arn.replace(account, written)}]": reason
            for arn, reason in findings.items()
        },
    )
