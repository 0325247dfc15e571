"""Names of connections of their own, as in `pg_stat_activity`."""

EVENTS = {"application_name": "suxin events"}
PROOFS = {"application_name": "suxin proofs"}
PULSE = {"application_name": "suxin pulse"}
REVOCATIONS = {"application_name": "suxin revocations"}
