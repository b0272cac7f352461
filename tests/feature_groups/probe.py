"""Run in a copy of the project: prints, as JSON, what it makes of the features named on the command line."""

from __future__ import annotations

import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from feature_groups import FEATURE_NAMES, GROUPS
from feature_groups.catalogue import catalogue
from processing.batch import compute_features
from processing.engines.flink import kernel
from processing.engines.flink.bundles import MerchantEvent, UserEvent
from processing.events import Transaction
from processing.features import MerchantState, UserState, observe, vector
from processing.lake import FEATURES, LABELS
from processing.schemas.declared import declared
from processing.windows import identity

HOUR = 3_600_000
START = 1_772_368_496_789
EVENTS = 300


def log() -> list[Transaction]:
    """Three users and two merchants over two days, with ties and with events on window borders."""
    random.seed(6)
    times = sorted(START + random.randrange(48 * 60) * 60_000 for _ in range(EVENTS))
    return [
        Transaction(
            f"t{number}",
            f"u{random.randrange(3)}",
            f"m{random.randrange(2)}",
            random.randrange(1, 500),
            "EUR",
            t,
        )
        for number, t in enumerate(times)
    ]


def brute_force(events: list[Transaction]) -> dict[str, list[float]]:
    def before(event: Transaction, hours: int, entity: str) -> float:
        start, mine = event.timestamp_ms - hours * HOUR, getattr(event, entity)
        return float(
            sum(start <= e.timestamp_ms < event.timestamp_ms and getattr(e, entity) == mine for e in events)
        )

    return {
        "user_transaction_count_6h": [before(event, 6, "user_id") for event in events],
        "merchant_transaction_count_12h": [before(event, 12, "merchant_id") for event in events],
        "amount_hundredths": [float(event.amount_minor % 100) for event in events],
    }


def by_vector(events: list[Transaction]) -> list[list[float]]:
    users: dict[str, UserState] = {}
    merchants: dict[str, MerchantState] = {}
    rows = []
    for event in events:
        user = users.setdefault(event.user_id, UserState())
        merchant = merchants.setdefault(event.merchant_id, MerchantState())
        rows.append(vector(event, None, user, merchant))
        observe(event, user, merchant)
    return rows


def by_batch(events: list[Transaction]) -> pd.DataFrame:
    fields = ("transaction_id", "user_id", "merchant_id", "amount_minor", "currency")
    frame = pd.DataFrame({name: [getattr(event, name) for event in events] for name in fields})
    times = pd.to_datetime([event.timestamp_ms for event in events], unit="ms", utc=True)
    frame["timestamp"] = frame["arrival_time"] = times
    features = compute_features(frame, LABELS.empty_table().to_pandas())
    return features.set_index("transaction_id").loc[[event.transaction_id for event in events]]


def by_flink(events: list[Transaction]) -> list[list[float]]:
    """By the Flink engine's kernel; only its jobs need Flink."""
    users: dict[int, bytes] = {}
    merchants: dict[int, bytes] = {}
    rows = []
    for event in events:
        user, merchant = identity(event.user_id), identity(event.merchant_id)
        t_ms, missing = event.timestamp_ms, float("nan")
        ((_, of_user),) = kernel.of_users(
            Kept(users), [UserEvent(user, merchant, t_ms, event.hundredths, 0, 0, 0, missing, missing)]
        )
        ((_, of_merchant),) = kernel.of_merchants(Kept(merchants), [MerchantEvent(merchant, user, t_ms)])
        rows.append(kernel.joined(of_user, of_merchant))
    return rows


class Kept:
    """States in a dictionary."""

    def __init__(self, states: dict[int, bytes]) -> None:
        self.get, self.put = states.get, states.__setitem__


def deployed() -> dict[str, dict[str, str]]:
    """Features by group, as CloudFormation gets them."""
    from aws_cdk import App, Environment, Stack
    from aws_cdk import aws_kms as kms

    from cdk_app.settings import Settings
    from cdk_app.stacks.feature_store import FeatureStoreStack

    app = App(
        context=json.loads(Path("cdk.json").read_text())["context"],
        outdir=tempfile.mkdtemp(dir="."),
        analytics_reporting=False,
        builtin_cloud_formation_validation=False,
    )
    env = Environment(account="123456789012", region="us-east-1")
    key = kms.Key(Stack(app, "keys", env=env), "Key")
    stack = FeatureStoreStack(app, "features", settings=Settings(), key=key, env=env)
    template = app.synth().get_stack_by_name(stack.stack_name).template
    groups = [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::SageMaker::FeatureGroup"
    ]
    return {
        group["FeatureGroupName"]: {
            feature["FeatureName"]: feature["FeatureType"] for feature in group["FeatureDefinitions"]
        }
        for group in groups
    }


def main(names: list[str]) -> dict[str, Any]:
    events = log()
    rows, batch, page = by_vector(events), by_batch(events), catalogue()
    flink = by_flink(events)
    return {
        "added": sorted(name for name in names if name in FEATURE_NAMES),
        "brute_force": brute_force(events),
        "vector": {name: [row[FEATURE_NAMES.index(name)] for row in rows] for name in names},
        "flink": {name: [row[FEATURE_NAMES.index(name)] for row in flink] for name in names},
        "batch": {name: batch[name].tolist() for name in names},
        "groups": {group.name: [feature.name for feature in group.features] for group in GROUPS},
        "parquet": FEATURES.names,
        "avro": json.dumps(declared("transactions-enriched")),
        "catalogue": [name for name in names if f"| `{name}` |" in page],
        "cdk": deployed(),
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:])))
