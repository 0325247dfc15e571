"""What the transactions of an import set and wait for."""

import sqlalchemy as sa

SETTINGS = sa.text(
    "SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true),"
    " set_config('idle_in_transaction_session_timeout', '0', true),"
    " set_config('random_page_cost', '0.5', true), set_config('work_mem', '64MB', true),"
    " set_config('synchronous_commit', :synchronous, true), set_config('suxin.recorded_at', :at, true),"
    " pg_advisory_xact_lock(:lock)"
)
"""A step may wait for another import. Pages count as cached: the planner knows nothing of staging tables, and would
read whole tables to find a few thousand rows. Chunks need not wait for the disk: nothing is done before SEAL."""

SEAL = sa.text("SELECT pg_logical_emit_message(true, 'suxin', 'imported')")
"""Something to write, so that the last commit waits for the disk, where all commits before it in the log are then."""
