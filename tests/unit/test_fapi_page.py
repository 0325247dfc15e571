"""docs/fapi.md names the tests that there are, and each item of the profile has its own."""

from fapi import ACCEPTS, PAGE, REFUSES, find_tests, list_items, write_page


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == write_page()


def test_tests_name_items_that_there_are() -> None:
    assert {item for item, _ in find_tests()} - list_items() == set()


def test_each_item_is_shown_and_its_opposite_refused() -> None:
    found = find_tests()
    wanted = [(item, kind) for item in list_items() for kind in (ACCEPTS, REFUSES)]
    assert sorted(pair for pair in wanted if pair not in found) == []
