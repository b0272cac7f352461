-- What was decided, one narrow row for each decision.
CREATE TABLE decisions (
    decision_id     text PRIMARY KEY,
    transaction_id  text NOT NULL,
    user_id         text NOT NULL,
    merchant_id     text NOT NULL,
    event_time      timestamptz NOT NULL,
    decided_at      timestamptz NOT NULL,
    decision        text NOT NULL CHECK (decision IN ('approve', 'review', 'decline')),
    decided_by      text NOT NULL CHECK (decided_by IN ('model', 'rules')),
    fallback_reason text,
    amount          numeric(15, 3),
    currency        text,
    rules_version   text NOT NULL,
    rules_live      text[] NOT NULL,
    rules_shadow    text[] NOT NULL
);

CREATE INDEX decisions_transaction ON decisions (transaction_id);
CREATE INDEX decisions_user ON decisions (user_id, decided_at);
-- Rows come in the order of time: a BRIN index is a few pages for a year of them.
CREATE INDEX decisions_decided_at ON decisions USING brin (decided_at);
CREATE INDEX decisions_rules_live ON decisions USING gin (rules_live);

-- What it was decided on.
CREATE TABLE predictions (
    decision_id           text PRIMARY KEY REFERENCES decisions ON DELETE CASCADE,
    decided_at            timestamptz NOT NULL,
    model_version         text,
    fraud_probability     double precision,
    review_threshold      double precision,
    decline_threshold     double precision,
    reasons               jsonb NOT NULL,
    features              jsonb,
    contributions         jsonb,
    signals               jsonb,
    features_as_of        jsonb,
    staleness_ms          double precision,
    prediction_latency_ms double precision NOT NULL
);

CREATE INDEX predictions_decided_at ON predictions USING brin (decided_at);
-- reasons @> '[{"feature": "user_transaction_count_1h"}]'. None on the features: what one asks of numbers is
-- a range, which GIN cannot answer, and fifty entries a row would be most of the database.
CREATE INDEX predictions_reasons ON predictions USING gin (reasons jsonb_path_ops);
