"""What a model card says of every model of this platform."""

from __future__ import annotations

INTENDED_USES = {
    "purpose_of_model": (
        "Estimates the probability that a card transaction is fraudulent, at the moment it is made."
    ),
    "intended_uses": (
        "Behind the policy of the decision endpoint, which turns the probability into approve, review or "
        "decline by two thresholds. Not for judging people, credit or identity, and not for transactions "
        "that are older than the windows of its features."
    ),
    "factors_affecting_model_efficiency": (
        "Fraud changes: the model knows what was labelled a week before its night, and no more. New users "
        "and merchants have short histories; the report's segments show how well it ranks them. It needs the "
        "features of the stream: without them the rules decide."
    ),
    "risk_rating": "High",
    "explanations_for_risk_rating": (
        "It declines payments of people. A reviewer approves every version, each decision is recorded with "
        "its reasons, and alarms roll a version back that declines too much."
    ),
}
BUSINESS = {
    "business_problem": (
        "Fraudulent card payments cost their amount; declined genuine ones cost a customer's trust; reviews "
        "cost an investigator's time. The thresholds minimise the sum of the three."
    ),
    "business_stakeholders": (
        "The fraud team, which reviews and approves; customer service; card holders and merchants."
    ),
    "line_of_business": "Card payments",
}
ETHICS = (
    "No feature tells age, gender, origin or faith. Country and distance from home may stand for them: "
    "compare the report's segments before approval. Whoever is declined can be told the exact reasons."
)
CAVEATS = (
    "Transactions that nobody disputed count as genuine. Figures of the test window are those of one week: "
    "compare them with the nights before. A rejected version is never served."
)
