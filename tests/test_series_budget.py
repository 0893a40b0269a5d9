"""The series budget and its shares."""

from heroku_syslogd.series_budget import SeriesBudget


def test_what_does_not_fit_is_refused_and_counted() -> None:
    budget = SeriesBudget(10)

    assert budget.take(7)
    assert not budget.take(4)
    assert budget.take(3)
    budget.give_back(5)
    assert (budget.used, budget.refused) == (5, 4)


def test_a_share_leaves_half_to_the_whole() -> None:
    whole = SeriesBudget(10)
    share = whole.share()

    assert share.take(5)
    assert not share.take(1)
    assert whole.take(5)
    assert (whole.used, whole.refused) == (10, 1)


def test_a_share_gets_no_more_than_the_whole_has_left() -> None:
    whole = SeriesBudget(10)
    share = whole.share()

    assert whole.take(8)
    assert not share.take(3)
    assert share.take(2)
    assert (whole.used, whole.refused, share.used, share.refused) == (10, 3, 2, 3)
    share.give_back(2)
    assert (whole.used, share.used) == (8, 0)


def test_a_changed_limit_applies_to_the_share_too() -> None:
    whole = SeriesBudget(10)
    share = whole.share()
    whole.limit = 100

    assert share.limit == 50
