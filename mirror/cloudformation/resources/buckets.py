"""AWS::S3::Bucket and AWS::S3::BucketPolicy."""

from __future__ import annotations

import json

from mirror.api import Document, ServiceError
from mirror.aws import Aws
from mirror.cloudformation.coverage import whole
from mirror.cloudformation.resource import Outcome, Request, ResourceType, ignoring
from mirror.cloudformation.resources import bucket_shapes as shapes

_SETTINGS = {
    # property: (operation, parameter, translation from the template's shape, removal)
    "OwnershipControls": (
        "PutBucketOwnershipControls",
        "OwnershipControls",
        None,
        "DeleteBucketOwnershipControls",
    ),
    "PublicAccessBlockConfiguration": (
        "PutPublicAccessBlock",
        "PublicAccessBlockConfiguration",
        None,
        "DeletePublicAccessBlock",
    ),
    "BucketEncryption": (
        "PutBucketEncryption",
        "ServerSideEncryptionConfiguration",
        shapes.encryption,
        "DeleteBucketEncryption",
    ),
    "LifecycleConfiguration": (
        "PutBucketLifecycleConfiguration",
        "LifecycleConfiguration",
        shapes.lifecycle,
        "DeleteBucketLifecycle",
    ),
    "ReplicationConfiguration": (
        "PutBucketReplication",
        "ReplicationConfiguration",
        shapes.replication,
        "DeleteBucketReplication",
    ),
    "CorsConfiguration": ("PutBucketCors", "CORSConfiguration", shapes.cors, "DeleteBucketCors"),
    "Tags": ("PutBucketTagging", "Tagging", lambda tags: {"TagSet": tags}, "DeleteBucketTagging"),
}


class Bucket(ResourceType):
    type = "AWS::S3::Bucket"
    properties = shapes.SCHEMA
    attributes = frozenset({"Arn", "DomainName", "DualStackDomainName", "RegionalDomainName"})
    replaced_by = frozenset({"BucketName"})
    name_property = "BucketName"
    lower_case_name = True
    note = "lifecycle, replication and access logging are stored and readable; the mirror does not run them"

    def create(self, request: Request) -> Outcome:
        aws, name = request.aws, request.name
        with ignoring("404", "NoSuchBucket"):
            aws("s3", "HeadBucket", Bucket=name)
            raise ServiceError("BucketAlreadyExists", f"{name} already exists", 409)
        params: Document = {"Bucket": name}
        if request.ctx.region != "us-east-1":
            params["CreateBucketConfiguration"] = {"LocationConstraint": request.ctx.region}
        if request.properties.get("ObjectLockEnabled"):
            params["ObjectLockEnabledForBucket"] = True
        aws("s3", "CreateBucket", **params)
        request.created(name)
        self._apply(request, name)
        return self._outcome(request, name)

    def update(self, request: Request) -> Outcome:
        self._apply(request, request.physical_id)
        return self._outcome(request, request.physical_id)

    def delete(self, request: Request) -> None:
        with ignoring("NoSuchBucket", "404"):
            request.aws("s3", "DeleteBucket", Bucket=request.physical_id)

    def _apply(self, request: Request, name: str) -> None:
        aws, new, old = request.aws, request.properties, request.old
        # Versioning comes first: replication and object lock need it.
        if request.changed("VersioningConfiguration"):
            status = new.get("VersioningConfiguration", {}).get("Status", "Suspended")
            aws("s3", "PutBucketVersioning", Bucket=name, VersioningConfiguration={"Status": status})
        if request.changed("AccessControl"):
            aws("s3", "PutBucketAcl", Bucket=name, ACL=shapes.canned_acl(new.get("AccessControl", "Private")))
        for prop, (operation, parameter, translate, removal) in _SETTINGS.items():
            if not request.changed(prop):
                continue
            if prop in new:
                value = translate(new[prop]) if translate else new[prop]
                aws("s3", operation, Bucket=name, **{parameter: value})
            elif prop in old:
                aws("s3", removal, Bucket=name)
        if request.changed("LoggingConfiguration"):
            status = shapes.logging(name, new.get("LoggingConfiguration"))
            aws("s3", "PutBucketLogging", Bucket=name, BucketLoggingStatus=status)
        if request.changed("ObjectLockConfiguration"):
            lock = new.get("ObjectLockConfiguration", {"ObjectLockEnabled": "Enabled"})
            aws("s3", "PutObjectLockConfiguration", Bucket=name, ObjectLockConfiguration=lock)

    def _outcome(self, request: Request, name: str) -> Outcome:
        region = request.ctx.region
        return Outcome(
            name,
            {
                "Arn": f"arn:aws:s3:::{name}",
                "DomainName": f"{name}.s3.amazonaws.com",
                "DualStackDomainName": f"{name}.s3.dualstack.{region}.amazonaws.com",
                "RegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
            },
        )


class BucketPolicy(ResourceType):
    type = "AWS::S3::BucketPolicy"
    properties = whole("Bucket", "PolicyDocument")
    replaced_by = frozenset({"Bucket"})
    note = "denials of unencrypted transport do not apply on the loopback interface"

    def create(self, request: Request) -> Outcome:
        return self._put(request.aws, request.properties)

    def update(self, request: Request) -> Outcome:
        return self._put(request.aws, request.properties)

    def delete(self, request: Request) -> None:
        with ignoring("NoSuchBucket"):
            request.aws("s3", "DeleteBucketPolicy", Bucket=request.properties["Bucket"])

    def _put(self, aws: Aws, properties: Document) -> Outcome:
        bucket = properties["Bucket"]
        aws("s3", "PutBucketPolicy", Bucket=bucket, Policy=json.dumps(properties["PolicyDocument"]))
        return Outcome(bucket)
