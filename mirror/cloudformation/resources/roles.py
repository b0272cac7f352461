"""AWS::IAM::Role, AWS::IAM::Policy and AWS::IAM::ManagedPolicy."""

from __future__ import annotations

import json
from typing import ClassVar

from mirror.api import Document
from mirror.aws import Aws
from mirror.cloudformation.coverage import Schema, whole
from mirror.cloudformation.resource import Outcome, Request, ResourceType, ignoring, tag_changes

_NOTE = "policies are stored and readable; the mirror does not enforce them"


class Role(ResourceType):
    type = "AWS::IAM::Role"
    properties: ClassVar[Schema] = {
        **whole(
            "AssumeRolePolicyDocument",
            "Description",
            "ManagedPolicyArns",
            "MaxSessionDuration",
            "Path",
            "PermissionsBoundary",
            "RoleName",
            "Tags",
        ),
        "Policies": whole("PolicyDocument", "PolicyName"),
    }
    attributes = frozenset({"Arn", "RoleId"})
    replaced_by = frozenset({"Path", "RoleName"})
    name_property = "RoleName"
    coverage = "partial"
    note = _NOTE

    def create(self, request: Request) -> Outcome:
        properties = request.properties
        params = request.pick("Description", "Path", "PermissionsBoundary", "Tags")
        if "MaxSessionDuration" in properties:
            params["MaxSessionDuration"] = int(properties["MaxSessionDuration"])
        trust = json.dumps(properties["AssumeRolePolicyDocument"])
        made = request.aws(
            "iam", "CreateRole", RoleName=request.name, AssumeRolePolicyDocument=trust, **params
        )
        request.created(request.name)
        self._attach(request, request.name)
        return Outcome(request.name, {"Arn": made["Role"]["Arn"], "RoleId": made["Role"]["RoleId"]})

    def update(self, request: Request) -> Outcome:
        aws, name, new = request.aws, request.physical_id, request.properties
        if request.changed("AssumeRolePolicyDocument"):
            trust = json.dumps(new["AssumeRolePolicyDocument"])
            aws("iam", "UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=trust)
        if request.changed("Description", "MaxSessionDuration"):
            session = int(new.get("MaxSessionDuration", 3600))
            description = new.get("Description", "")
            aws("iam", "UpdateRole", RoleName=name, Description=description, MaxSessionDuration=session)
        if request.changed("PermissionsBoundary"):
            if "PermissionsBoundary" in new:
                boundary = new["PermissionsBoundary"]
                aws("iam", "PutRolePermissionsBoundary", RoleName=name, PermissionsBoundary=boundary)
            else:
                aws("iam", "DeleteRolePermissionsBoundary", RoleName=name)
        self._attach(request, name)
        added, removed = tag_changes(request)
        if added:
            aws("iam", "TagRole", RoleName=name, Tags=[{"Key": k, "Value": v} for k, v in added.items()])
        if removed:
            aws("iam", "UntagRole", RoleName=name, TagKeys=removed)
        return Outcome(name, request.attributes)

    def delete(self, request: Request) -> None:
        aws, name = request.aws, request.physical_id
        with ignoring("NoSuchEntity"):
            for policy in aws("iam", "ListAttachedRolePolicies", RoleName=name)["AttachedPolicies"]:
                aws("iam", "DetachRolePolicy", RoleName=name, PolicyArn=policy["PolicyArn"])
            for policy_name in aws("iam", "ListRolePolicies", RoleName=name)["PolicyNames"]:
                aws("iam", "DeleteRolePolicy", RoleName=name, PolicyName=policy_name)
            aws("iam", "DeleteRole", RoleName=name)

    def _attach(self, request: Request, name: str) -> None:
        aws = request.aws
        old, new = (
            {item["PolicyName"]: item["PolicyDocument"] for item in side.get("Policies", [])}
            for side in (request.old, request.properties)
        )
        for policy in old.keys() - new.keys():
            aws("iam", "DeleteRolePolicy", RoleName=name, PolicyName=policy)
        for policy, document in new.items():
            if old.get(policy) != document:
                aws(
                    "iam",
                    "PutRolePolicy",
                    RoleName=name,
                    PolicyName=policy,
                    PolicyDocument=json.dumps(document),
                )
        before, after = (side.get("ManagedPolicyArns", []) for side in (request.old, request.properties))
        for arn in before:
            if arn not in after:
                aws("iam", "DetachRolePolicy", RoleName=name, PolicyArn=arn)
        for arn in after:
            if arn not in before:
                aws("iam", "AttachRolePolicy", RoleName=name, PolicyArn=arn)


class Policy(ResourceType):
    type = "AWS::IAM::Policy"
    properties = whole("PolicyDocument", "PolicyName", "Roles")
    attributes = frozenset({"Id"})
    coverage = "partial"
    note = _NOTE

    def create(self, request: Request) -> Outcome:
        self._put(request.aws, request.properties, request.properties["Roles"])
        return Outcome(request.name, {"Id": request.name})

    def update(self, request: Request) -> Outcome:
        renamed = request.changed("PolicyName")
        for role in request.old["Roles"]:
            if renamed or role not in request.properties["Roles"]:
                _remove(request.aws, role, request.old["PolicyName"])
        self._put(request.aws, request.properties, request.properties["Roles"])
        return Outcome(request.physical_id, {"Id": request.physical_id})

    def delete(self, request: Request) -> None:
        for role in request.properties["Roles"]:
            _remove(request.aws, role, request.properties["PolicyName"])

    def _put(self, aws: Aws, properties: Document, roles: list[str]) -> None:
        document = json.dumps(properties["PolicyDocument"])
        for role in roles:
            aws(
                "iam",
                "PutRolePolicy",
                RoleName=role,
                PolicyName=properties["PolicyName"],
                PolicyDocument=document,
            )


def _remove(aws: Aws, role: str, policy: str) -> None:
    with ignoring("NoSuchEntity"):
        aws("iam", "DeleteRolePolicy", RoleName=role, PolicyName=policy)


class ManagedPolicy(ResourceType):
    type = "AWS::IAM::ManagedPolicy"
    properties = whole("Description", "ManagedPolicyName", "Path", "PolicyDocument", "Roles")
    attributes = frozenset({"PolicyArn"})
    replaced_by = frozenset({"Description", "ManagedPolicyName", "Path"})
    name_property = "ManagedPolicyName"
    name_limit = 128
    coverage = "partial"
    note = _NOTE

    def create(self, request: Request) -> Outcome:
        document = json.dumps(request.properties["PolicyDocument"])
        params = request.pick("Description", "Path")
        made = request.aws("iam", "CreatePolicy", PolicyName=request.name, PolicyDocument=document, **params)
        arn = made["Policy"]["Arn"]
        request.created(arn)
        self._attach(request, arn)
        return Outcome(arn, {"PolicyArn": arn})

    def update(self, request: Request) -> Outcome:
        aws, arn = request.aws, request.physical_id
        if request.changed("PolicyDocument"):
            for version in aws("iam", "ListPolicyVersions", PolicyArn=arn)["Versions"]:
                if not version["IsDefaultVersion"]:
                    aws("iam", "DeletePolicyVersion", PolicyArn=arn, VersionId=version["VersionId"])
            document = json.dumps(request.properties["PolicyDocument"])
            aws("iam", "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
        self._attach(request, arn)
        return Outcome(arn, request.attributes)

    def delete(self, request: Request) -> None:
        aws, arn = request.aws, request.physical_id
        with ignoring("NoSuchEntity"):
            for role in aws("iam", "ListEntitiesForPolicy", PolicyArn=arn)["PolicyRoles"]:
                aws("iam", "DetachRolePolicy", RoleName=role["RoleName"], PolicyArn=arn)
            for version in aws("iam", "ListPolicyVersions", PolicyArn=arn)["Versions"]:
                if not version["IsDefaultVersion"]:
                    aws("iam", "DeletePolicyVersion", PolicyArn=arn, VersionId=version["VersionId"])
            aws("iam", "DeletePolicy", PolicyArn=arn)

    def _attach(self, request: Request, arn: str) -> None:
        old, new = (side.get("Roles", []) for side in (request.old, request.properties))
        for role in old:
            if role not in new:
                request.aws("iam", "DetachRolePolicy", RoleName=role, PolicyArn=arn)
        for role in new:
            if role not in old:
                request.aws("iam", "AttachRolePolicy", RoleName=role, PolicyArn=arn)
