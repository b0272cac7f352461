"""The day's facts and dimensions as Parquet for the warehouse (N7)."""
