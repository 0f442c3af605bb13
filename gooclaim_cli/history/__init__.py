"""The SQLite store: deliveries, forwards, idempotency keys."""
