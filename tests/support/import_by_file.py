"""Rules of the import machine: files of every format, repeated, interrupted and tried out."""

from dataclasses import replace
from datetime import date

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from import_bench import KILLS, Bench, Kill
from import_books import DEDUCTION
from import_lines import ADULT, AT_HOME, LINES, OPEN_CASES, File, Scored, deduction_line, deductions, files


class ByFile(Bench):
    """Imports."""

    @initialize(one=deductions(), later=deductions(), begun=st.sampled_from((True, True, False)))
    def begin(self, one: Scored, later: Scored, begun: bool) -> None:
        """The cases, a household and a deduction, which a later export changes, may be there from the start."""
        if begun:
            self.deliver(File("cases", OPEN_CASES, 0), None)
            self.deliver(File("households", (AT_HOME,), 0), None)
            public = replace(one, party=ADULT.name, conduct=date(2025, 7, 1), state="PUBLISHED")
            self.deliver(File("deductions", (deduction_line(public),), 0), None)
            self._change(0, later)

    @initialize(entries=files("shixin"), removals=files("removals"), late=st.booleans())
    def begin_lists(self, entries: File, removals: File, late: bool) -> None:
        """Entries of a list and removals, in either order."""
        for file in (entries, removals) if late else (removals, entries):
            self.deliver(file, None)

    def _change(self, place: int, later: Scored) -> None:
        """A deduction that is there is another one in a later export."""
        if key := self._chosen(DEDUCTION, place):
            _, behaviour, number = key[2].split(" ")
            line = deduction_line(replace(later, party=key[1], behaviour=behaviour, number=number, conduct=key[3]))
            self.deliver(File("deductions", (line,), 0), None)

    @rule(file=files("cases"), kill=KILLS)
    def import_cases(self, file: File, kill: Kill | None) -> None:
        """Participations."""
        self.deliver(file, kill)

    @rule(file=files("shixin") | files("removals"), kill=KILLS)
    def import_debtors_or_removals(self, file: File, kill: Kill | None) -> None:
        """Dishonest debtors, or who has left a list."""
        self.deliver(file, kill)

    @rule(file=files("sanctions") | files("convictions"), kill=KILLS)
    def import_sanctions_or_convictions(self, file: File, kill: Kill | None) -> None:
        """Sanctions or convictions."""
        self.deliver(file, kill)

    @rule(file=files("certificates") | files("lenders"), kill=KILLS)
    def import_certificates_or_lenders(self, file: File, kill: Kill | None) -> None:
        """Certificates or lenders."""
        self.deliver(file, kill)

    @rule(file=files("deductions"), kill=KILLS, place=st.integers(0, 9), later=st.none() | deductions())
    def import_deductions(self, file: File, kill: Kill | None, place: int, later: Scored | None) -> None:
        """Deductions of former years; one that is there may be another one in a later export."""
        self.deliver(file, kill)
        if later:
            self._change(place, later)

    @rule(file=files("households"), kill=KILLS)
    def import_households(self, file: File, kill: Kill | None) -> None:
        """Households."""
        self.deliver(file, kill)

    @precondition(lambda self: self.files)
    @rule(place=st.integers(0, 9), kill=KILLS)
    def import_again(self, place: int, kill: Kill | None) -> None:
        """A file that was imported before, in whole or in part."""
        self.deliver(self.files[place % len(self.files)], kill)

    @rule(file=st.one_of(*map(files, LINES)))
    def try_out(self, file: File) -> None:
        """A dry run leaves no trace."""
        self._run(file, None, dry_run=True)
