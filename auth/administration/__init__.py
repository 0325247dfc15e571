"""Who administers the service, and the events that record it (GB/T 22239-2019, level 3; ADR 42)."""
