"""Rules of the import machine: files of every format, repeated, interrupted and tried out."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from import_bench import KILLS, Bench, Kill
from import_lines import LINES, File, files


class ByFile(Bench):
    """Imports."""

    @rule(file=files("cases"), kill=KILLS)
    def import_cases(self, file: File, kill: Kill | None) -> None:
        """Participations."""
        self.deliver(file, kill)

    @rule(file=files("shixin"), kill=KILLS)
    def import_debtors(self, file: File, kill: Kill | None) -> None:
        """Dishonest debtors."""
        self.deliver(file, kill)

    @rule(file=files("sanctions"), kill=KILLS)
    def import_sanctions(self, file: File, kill: Kill | None) -> None:
        """Sanctions."""
        self.deliver(file, kill)

    @rule(file=files("convictions"), kill=KILLS)
    def import_convictions(self, file: File, kill: Kill | None) -> None:
        """Convictions."""
        self.deliver(file, kill)

    @rule(file=files("removals"), kill=KILLS)
    def import_removals(self, file: File, kill: Kill | None) -> None:
        """Removals from lists."""
        self.deliver(file, kill)

    @rule(file=files("deductions"), kill=KILLS)
    def import_deductions(self, file: File, kill: Kill | None) -> None:
        """Deductions of former years."""
        self.deliver(file, kill)

    @rule(file=files("certificates") | files("lenders"), kill=KILLS)
    def import_certificates_or_lenders(self, file: File, kill: Kill | None) -> None:
        """Certificates or lenders."""
        self.deliver(file, kill)

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
