"""Every family through the battery that its cases drive; values against the reference are in `tests/reference`."""

from __future__ import annotations

import pytest

from needs import EVERYTHING
from pixelprep.registry.families import FAMILIES, written_families
from pixelprep.testing.battery import Battery, Check, covered_families, family_checks
from pixelprep.testing.conformance import NotOfferedError
from pixelprep.testing.family import COMMON_EXCEPTIONS, Cases, Except

QUICK = 10  # families, those used most, that stand for all in `make quick`


def test_every_written_family_has_cases() -> None:
    missing = [FAMILIES[name].cases_module for name in set(written_families()) - set(covered_families())]
    assert not missing, f"write CASES = Cases(...) in {missing}"
    assert all(isinstance(FAMILIES[name].cases(), Cases) for name in written_families())


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(
            check,
            id=f"{family}-{check.group}-{check.name}",
            marks=[pytest.mark.xdist_group(family), *(pytest.mark.more,) * (number >= QUICK)],
        )
        for number, family in enumerate(covered_families())
        for check in family_checks(family)
    ],
)
def test_family(check: Check) -> None:
    try:
        check.run()
    except NotOfferedError as error:  # a package that the family needs for something
        if EVERYTHING:
            raise
        pytest.skip(str(error))


class TestACaseThatIsWrong:
    """The battery finds what it is there for."""

    def battery(self, **changes: object) -> Battery:
        battery = Battery("CLIP")
        battery.cases = Cases(**{"small": battery.cases.small, "refused": battery.cases.refused, **changes})  # type: ignore[arg-type]
        return battery

    def test_a_refusal_that_is_not_listed(self) -> None:
        with pytest.raises(AssertionError, match=r"size longest edge on 37x61 RGB: ValueError"):
            self.battery(refused=[]).check_outputs("reference")

    def test_a_refusal_that_is_not_needed(self) -> None:
        with pytest.raises(AssertionError, match="small: is not refused any more"):
            self.battery(refused=["small", "size *", "pad to a smaller size"]).check_outputs("reference")

    def test_a_name_that_is_no_case(self) -> None:
        with pytest.raises(AssertionError, match="'size longets' names no case"):
            self.battery(exceptions=[Except("size longets", "refused", "a misspelling")]).check_cases()

    def test_an_exception_without_a_reason(self) -> None:
        with pytest.raises(AssertionError, match="bytes: say the reason"):
            self.battery(exceptions=[Except("bytes", "refused", "")]).check_cases()


def test_common_exceptions_say_their_reason() -> None:
    assert all(entry.reason for entry in COMMON_EXCEPTIONS)
