"""Import a changed file and show the resulting events (R23)."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from demo.channels import Channels
from demo.show import DemoError, Show
from models.terms import to_court_day

PAID, RESTATED, LISTED_ANEW = 0, 4, 3
"""Lines of organizations in the example list: one has performed, one is corrected, one is listed again."""

WATCH = "mutation($input: WatchInput!) { watch(input: $input) { lines { outcome } errors { message } } }"
EVENTS = "query($since: DateTime!) { events(first: 20, filter: { since: $since }) { nodes { kind reference } } }"
REFERENCE = "DEMO-FILE-{}"


def change_lines(lines: list[dict[str, Any]], day: date) -> list[dict[str, Any]]:
    """The list as exported again on `day`."""
    again = [dict(line) for line in lines]
    again[PAID]["performance"] = "全部已履行"
    again[RESTATED]["duty"] = "支付借款本金"
    published = {"caseCode": f"（{day.year - 1}）浙0281执9001号", "regDate": f"{day.year - 1}0105"}
    return [*again, again[LISTED_ANEW] | published | {"publishDate": day.isoformat()}]


class ChangedFile:
    """Imports a list of debtors, some of whom a bank watches, for the second time."""

    def __init__(self, show: Show, export: Path, folder: Path, bring: Callable[[Path], None]) -> None:
        """bring: imports a file of the list and prints the summary."""
        self._show, self._bank, self._bring = show, Channels(show), bring
        self._lines = [json.loads(line) for line in export.read_text().splitlines()]
        self._file = folder / export.name

    def run(self) -> None:
        """Import the changed file, and print the events that the bank received. Raises DemoError if there are none."""
        self._show.console.rule("[bold]a file that has changed[/]")
        since = datetime.now(UTC)
        self._watch()
        again = change_lines(self._lines, to_court_day(since))
        self._file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in again))
        self._bring(self._file)
        told = self._bank.ask(EVENTS, {"since": since.isoformat()})["events"]["nodes"]
        told = [one for one in told if str(one["reference"]).startswith(REFERENCE.format(""))]
        if not told:
            raise DemoError("A bank was told nothing of a list that has changed.")
        self._bank.print("the bank that watches was told", *told)

    def _watch(self) -> None:
        subjects = [
            {
                "name": self._lines[place]["iname"],
                "organizationCode": self._lines[place]["cardNum"],
                "reference": REFERENCE.format(place),
            }
            for place in (PAID, RESTATED, LISTED_ANEW)
        ]
        self._bank.perform(WATCH, {"subjects": subjects})
