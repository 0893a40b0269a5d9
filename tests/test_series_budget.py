"""The series budget and its shares."""

from heroku_syslogd.series_budget import SeriesBudget


def test_what_does_not_fit_is_refused_and_counted() -> None:
    budget = SeriesBudget(10)

    assert budget.take(7)
    assert not budget.take(4)
    assert budget.take(3)
    budget.give_back(5)
    assert (budget.used, budget.refused) == (5, 4)


def test_a_share_leaves_the_rest_to_the_others() -> None:
    whole = SeriesBudget(1000)
    one, other = whole.share(2), whole.share(2)

    assert one.take(500)
    assert not one.take(1)
    assert other.take(500)
    assert (whole.used, whole.refused) == (1000, 1)


def test_a_share_gets_no_more_than_the_whole_has_left() -> None:
    whole = SeriesBudget(1000)
    share = whole.share(2)

    assert whole.take(800)
    assert not share.take(201)
    assert share.take(200)
    assert (whole.used, whole.refused, share.used, share.refused) == (1000, 201, 200, 201)
    share.give_back(200)
    assert (whole.used, share.used) == (800, 0)


def test_shares_of_shares_are_settled_all_the_way_up() -> None:
    whole = SeriesBudget(10_000)
    middle = whole.share(2)
    leaf = middle.share(10)

    assert leaf.limit == 500
    assert leaf.take(500)
    assert not leaf.take(1)
    assert (whole.used, middle.used, leaf.used) == (500, 500, 500)
    assert (whole.refused, middle.refused, leaf.refused) == (1, 1, 1)


def test_a_share_is_never_too_small_to_be_of_use() -> None:
    assert SeriesBudget(1000).share(10).limit == 200
    assert SeriesBudget(100).share(10).limit == 100


def test_a_changed_limit_applies_to_shares_too() -> None:
    whole = SeriesBudget(1000)
    share = whole.share(2)
    whole.limit = 10_000

    assert share.limit == 5000


def test_a_budget_is_roomy_while_less_than_half_of_it_and_of_the_whole_is_used() -> None:
    whole = SeriesBudget(1000)
    one, other = whole.share(2), whole.share(2)
    assert [one.is_roomy, other.is_roomy] == [True, True]

    one.take(250)
    other.take(249)
    assert [one.is_roomy, other.is_roomy] == [False, True]

    whole.take(1)
    assert [one.is_roomy, other.is_roomy] == [False, False]
