"""What happened: a row for each transaction, decision and finished investigation."""

from __future__ import annotations

from processing.warehouse.table import Column, Table

_DAY = Column("date_key", "key", "The day (UTC) as yyyymmdd, of `date_dim`", required=True)

TRANSACTIONS_FACT = Table(
    "transactions_fact",
    "Accepted transactions, by the day they were made. Device and place stay in the lake",
    (
        Column("transaction_id", "id", "Of the transaction", required=True),
        Column("user_id", "id", "Of `users_dim`", required=True),
        Column("merchant_id", "id", "Of `merchants_dim`", required=True),
        _DAY,
        Column("occurred_at", "moment", "When the card was used", required=True),
        Column("arrived_at", "moment", "When the platform took it", required=True),
        Column("amount", "money", "In major units of the currency, in hundredths", required=True),
        Column("currency", "code", "ISO 4217", required=True),
        Column("country", "code", "ISO 3166-1 alpha-2"),
        Column("channel", "code", "pos, online, atm, contactless or mobile"),
        Column("status", "code", "What became of it: approved or declined"),
    ),
    distribution="user_id",
    sort=("date_key", "occurred_at", "transaction_id"),
)

MODEL_PREDICTIONS_FACT = Table(
    "model_predictions_fact",
    "Decisions: those of the endpoint by the day they were made, those of the batch by the transactions' day",
    (
        Column("decision_id", "id", "Of the decision", required=True),
        Column("transaction_id", "id", "Of the transaction", required=True),
        Column("user_id", "id", "Of `users_dim`", required=True),
        Column("merchant_id", "id", "Of `merchants_dim`", required=True),
        _DAY,
        Column("decided_at", "moment", "When it was decided", required=True),
        Column("mode", "code", "realtime or batch", required=True),
        Column("decision", "code", "approve, review or decline", required=True),
        Column("decided_by", "code", "model or rules", required=True),
        Column("fallback_reason", "text", "Why the rules had to decide alone"),
        Column("fraud_probability", "number", "The model's score, 0 to 1"),
        Column("review_threshold", "number", "Score from which it was reviewed"),
        Column("decline_threshold", "number", "Score from which it was declined"),
        Column("amount", "money", "In major units of the currency, in hundredths"),
        Column("currency", "code", "ISO 4217"),
        Column("model_version", "id", "Of the model that scored"),
        Column("rules_version", "id", "Of the policy", required=True),
        Column("reason_1", "id", "Feature or field of the first reason"),
        Column("reason_2", "id", "Of the second"),
        Column("reason_3", "id", "Of the third"),
        Column("latency_ms", "number", "What the answer took; 0 in the batch"),
    ),
    distribution="user_id",
    sort=("date_key", "decided_at", "decision_id"),
)

LABELS_FACT = Table(
    "labels_fact",
    "Outcomes of investigations, by the day they became known: facts of earlier days never change",
    (
        Column("transaction_id", "id", "Of the transaction", required=True),
        _DAY,
        Column("known_at", "moment", "When the investigation was complete", required=True),
        Column("is_fraud", "flag", "Its outcome", required=True),
        Column("fraud_type", "code", "Kind of fraud"),
        Column("confidence", "number", "Of the investigator, 0 to 1", required=True),
    ),
    distribution="transaction_id",
    sort=("date_key", "known_at", "transaction_id"),
)
