"""Tags of streams, through both of the service's interfaces."""

from __future__ import annotations

from mirror.api import Context, Document, ServiceError, operation
from mirror.kinesis import data
from mirror.kinesis.settings import change_stream
from mirror.kinesis.streams import resolve

_MAX_TAGS = 50


@operation("kinesis", "AddTagsToStream")
def add_tags_to_stream(ctx: Context, params: Document) -> Document:
    return _add(ctx, params, params["Tags"])


@operation("kinesis", "RemoveTagsFromStream")
def remove_tags_from_stream(ctx: Context, params: Document) -> Document:
    return _remove(ctx, params, params["TagKeys"])


@operation("kinesis", "ListTagsForStream")
def list_tags_for_stream(ctx: Context, params: Document) -> Document:
    start = params.get("ExclusiveStartTagKey", "")
    found = [tag for tag in _list(ctx, params) if tag["Key"] > start]
    limit = params.get("Limit", _MAX_TAGS)
    return {"Tags": found[:limit], "HasMoreTags": len(found) > limit}


@operation("kinesis", "TagResource", coverage="partial", note="streams only, no consumers")
def tag_resource(ctx: Context, params: Document) -> Document:
    return _add(ctx, {"StreamARN": params["ResourceARN"]}, params["Tags"])


@operation("kinesis", "UntagResource", coverage="partial", note="streams only, no consumers")
def untag_resource(ctx: Context, params: Document) -> Document:
    return _remove(ctx, {"StreamARN": params["ResourceARN"]}, params["TagKeys"])


@operation("kinesis", "ListTagsForResource", coverage="partial", note="streams only, no consumers")
def list_tags_for_resource(ctx: Context, params: Document) -> Document:
    return {"Tags": _list(ctx, {"StreamARN": params["ResourceARN"]})}


def _add(ctx: Context, params: Document, tags: dict[str, str]) -> Document:
    def change(document: Document) -> None:
        document["tags"] |= tags
        if len(document["tags"]) > _MAX_TAGS:
            raise ServiceError("InvalidArgumentException", f"Tags: at most {_MAX_TAGS} per stream")

    change_stream(ctx, params, change)
    return {}


def _remove(ctx: Context, params: Document, keys: list[str]) -> Document:
    def change(document: Document) -> None:
        for key in keys:
            document["tags"].pop(key, None)

    change_stream(ctx, params, change)
    return {}


def _list(ctx: Context, params: Document) -> list[Document]:
    region, name = resolve(ctx.region, params.get("StreamName"), params.get("StreamARN"))
    tags = data.of(ctx.cloud).streams.document(region, name)["tags"]
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)]
