"""What a policy profile would change in a court, before it is declared."""

from collections.abc import Sequence
from datetime import date

from casework.policy_profiles import ChangedEnd, list_changes
from engine.load.context import Context
from engine.load.rows import Row
from models.policy_profile import PolicyProfile, ProfileStart


async def preview_profile(
    context: Context, court: Row, profile: PolicyProfile, begins_on: date
) -> Sequence[ChangedEnd]:
    """Return the items of the court whose publicity the profile would shorten; none to who is not of that court or of
    one above it. Nothing is written, and nothing is said of the subjects: ids lead to the items, which is logged."""
    (code,) = court.get_keys({"code": None})
    own = context.caller.principal.jurisdiction
    if not own or not code.startswith(own):
        return ()
    return await list_changes(context.fetch, ProfileStart(code, profile, begins_on))
