"""Settings of the transactions of an import."""

import sqlalchemy as sa

SETTINGS = sa.text(
    "SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true),"
    " set_config('idle_in_transaction_session_timeout', '0', true),"
    " set_config('random_page_cost', '0.5', true), set_config('work_mem', '64MB', true),"
    " set_config('synchronous_commit', :synchronous, true), set_config('suxin.recorded_at', :at, true),"
    " pg_advisory_xact_lock(:lock)"
)
"""A step may wait for another import. random_page_cost is lowered, because temporary tables have no statistics and the
planner would choose sequential scans. Commits are asynchronous until SEAL.
"""

REPLAN = sa.text("DISCARD PLANS")
"""Has the statements of a chunk planned for the tables as they are: plans are kept after five chunks, and an import may
begin with empty tables.
"""

SEAL = sa.text("SELECT pg_logical_emit_message(true, 'suxin', 'imported')")
"""Writes a WAL record, so that the last, synchronous commit flushes all commits before it."""
