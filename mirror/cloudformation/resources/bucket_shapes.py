"""The bucket properties of a template in the shapes of the S3 API."""

from __future__ import annotations

from mirror.api import Document
from mirror.cloudformation.coverage import Schema, whole
from mirror.cloudformation.resource import boolean

_DEFAULT_ENCRYPTION = whole("SSEAlgorithm", "KMSMasterKeyID")
_TRANSITION = whole("StorageClass", "TransitionInDays", "TransitionDate")
_NONCURRENT_TRANSITION = whole("StorageClass", "TransitionInDays", "NewerNoncurrentVersions")

SCHEMA: Schema = {
    **whole("AccessControl", "BucketName", "ObjectLockEnabled", "Tags"),
    "BucketEncryption": {
        "ServerSideEncryptionConfiguration": {
            "BucketKeyEnabled": None,
            "ServerSideEncryptionByDefault": _DEFAULT_ENCRYPTION,
        }
    },
    "CorsConfiguration": {
        "CorsRules": whole("AllowedHeaders", "AllowedMethods", "AllowedOrigins", "ExposedHeaders", "MaxAge")
    },
    "LifecycleConfiguration": {
        "Rules": {
            **whole(
                "ExpirationDate",
                "ExpirationInDays",
                "ExpiredObjectDeleteMarker",
                "Id",
                "NoncurrentVersionExpirationInDays",
                "ObjectSizeGreaterThan",
                "ObjectSizeLessThan",
                "Prefix",
                "Status",
                "TagFilters",
            ),
            "AbortIncompleteMultipartUpload": whole("DaysAfterInitiation"),
            "NoncurrentVersionExpiration": whole("NoncurrentDays", "NewerNoncurrentVersions"),
            "NoncurrentVersionTransition": _NONCURRENT_TRANSITION,
            "NoncurrentVersionTransitions": _NONCURRENT_TRANSITION,
            "Transition": _TRANSITION,
            "Transitions": _TRANSITION,
        }
    },
    "LoggingConfiguration": whole("DestinationBucketName", "LogFilePrefix"),
    "ObjectLockConfiguration": {
        "ObjectLockEnabled": None,
        "Rule": {"DefaultRetention": whole("Days", "Mode", "Years")},
    },
    "OwnershipControls": {"Rules": whole("ObjectOwnership")},
    "PublicAccessBlockConfiguration": whole(
        "BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"
    ),
    "ReplicationConfiguration": {
        "Role": None,
        "Rules": {
            **whole("Id", "Prefix", "Priority", "Status"),
            "DeleteMarkerReplication": whole("Status"),
            "Destination": {
                **whole("Account", "Bucket", "StorageClass"),
                "EncryptionConfiguration": whole("ReplicaKmsKeyID"),
            },
            "Filter": whole("Prefix"),
            "SourceSelectionCriteria": {"SseKmsEncryptedObjects": whole("Status")},
        },
    },
    "VersioningConfiguration": whole("Status"),
}


def canned_acl(access_control: str) -> str:
    """``PublicRead`` → ``public-read``."""
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in access_control).lstrip("-")


def encryption(value: Document) -> Document:
    rules = []
    for rule in value["ServerSideEncryptionConfiguration"]:
        shaped = {}
        if "ServerSideEncryptionByDefault" in rule:
            shaped["ApplyServerSideEncryptionByDefault"] = rule["ServerSideEncryptionByDefault"]
        if "BucketKeyEnabled" in rule:
            shaped["BucketKeyEnabled"] = boolean(rule["BucketKeyEnabled"])
        rules.append(shaped)
    return {"Rules": rules}


def lifecycle(value: Document) -> Document:
    return {"Rules": [_lifecycle_rule(rule) for rule in value["Rules"]]}


def _lifecycle_rule(rule: Document) -> Document:
    shaped: Document = {"Status": rule["Status"], "Filter": _filter(rule)}
    if "Id" in rule:
        shaped["ID"] = rule["Id"]
    expiration: Document = {}
    if "ExpirationInDays" in rule:
        expiration["Days"] = int(rule["ExpirationInDays"])
    if "ExpirationDate" in rule:
        expiration["Date"] = rule["ExpirationDate"]
    if "ExpiredObjectDeleteMarker" in rule:
        expiration["ExpiredObjectDeleteMarker"] = boolean(rule["ExpiredObjectDeleteMarker"])
    if expiration:
        shaped["Expiration"] = expiration
    transitions = [*rule.get("Transitions", []), *([rule["Transition"]] if "Transition" in rule else [])]
    if transitions:
        shaped["Transitions"] = [_transition(item, "Days") for item in transitions]
    if "AbortIncompleteMultipartUpload" in rule:
        days = rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
        shaped["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": int(days)}
    noncurrent = {k: int(v) for k, v in rule.get("NoncurrentVersionExpiration", {}).items()}
    if "NoncurrentVersionExpirationInDays" in rule:
        noncurrent["NoncurrentDays"] = int(rule["NoncurrentVersionExpirationInDays"])
    if noncurrent:
        shaped["NoncurrentVersionExpiration"] = noncurrent
    single = [rule["NoncurrentVersionTransition"]] if "NoncurrentVersionTransition" in rule else []
    moves = [*rule.get("NoncurrentVersionTransitions", []), *single]
    if moves:
        shaped["NoncurrentVersionTransitions"] = [_transition(item, "NoncurrentDays") for item in moves]
    return shaped


def _transition(item: Document, days: str) -> Document:
    shaped: Document = {"StorageClass": item["StorageClass"]}
    if "TransitionInDays" in item:
        shaped[days] = int(item["TransitionInDays"])
    if "TransitionDate" in item:
        shaped["Date"] = item["TransitionDate"]
    if "NewerNoncurrentVersions" in item:
        shaped["NewerNoncurrentVersions"] = int(item["NewerNoncurrentVersions"])
    return shaped


def _filter(rule: Document) -> Document:
    parts: Document = {}
    if "Prefix" in rule:
        parts["Prefix"] = rule["Prefix"]
    for name in ("ObjectSizeGreaterThan", "ObjectSizeLessThan"):
        if name in rule:
            parts[name] = int(rule[name])
    found = rule.get("TagFilters", [])
    if len(parts) + len(found) > 1:
        return {"And": parts | ({"Tags": found} if found else {})}
    if found:
        return {"Tag": found[0]}
    return parts or {"Prefix": ""}


def replication(value: Document) -> Document:
    rules = []
    for rule in value["Rules"]:
        shaped = {("ID" if key == "Id" else key): item for key, item in rule.items()}
        if "Priority" in shaped:
            shaped["Priority"] = int(shaped["Priority"])
        rules.append(shaped)
    return {"Role": value["Role"], "Rules": rules}


def cors(value: Document) -> Document:
    rules = []
    for rule in value["CorsRules"]:
        shaped = {("ExposeHeaders" if key == "ExposedHeaders" else key): item for key, item in rule.items()}
        if "MaxAge" in shaped:
            shaped["MaxAgeSeconds"] = int(shaped.pop("MaxAge"))
        rules.append(shaped)
    return {"CORSRules": rules}


def logging(bucket: str, value: Document | None) -> Document:
    if value is None:
        return {}
    target = value.get("DestinationBucketName", bucket)
    return {"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": value.get("LogFilePrefix", "")}}
