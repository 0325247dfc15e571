"""The demo city beside imported exports."""

from conftest import City

from demo.city.calibration import Figures


def test_the_summary_counts_no_party_of_the_exports(city: City) -> None:
    expected = Figures().scaled(0.02)
    summary = city.summary
    assert (summary.red, summary.yellow, summary.blue) == (expected.red, expected.yellow, expected.blue)
