"""Two accounts that ask each other at the same moment don't wait for each other; a call that acts is waited for."""

from __future__ import annotations

import threading

from rehearsal.account.turns import Turns


def glanced(turns: Turns) -> threading.Event:
    """Set once another thread has looked."""
    seen = threading.Event()

    def look() -> None:
        with turns.glance():
            seen.set()

    threading.Thread(target=look, daemon=True).start()
    return seen


def test_a_question_is_answered_while_whoever_has_the_turn_waits_for_another_account() -> None:
    turns = Turns()

    with turns, turns.aside():
        answered = glanced(turns).wait(5)

    assert answered


def test_a_question_waits_while_whoever_has_the_turn_acts() -> None:
    turns = Turns()

    with turns:
        seen = glanced(turns)
        early = seen.wait(0.05)

    assert not early
    assert seen.wait(5)


def test_a_turn_within_a_turn_ends_with_the_outer_one() -> None:
    turns = Turns()

    with turns:
        with turns:
            pass
        seen = glanced(turns)
        early = seen.wait(0.05)

    assert not early
    assert seen.wait(5)


def test_calls_take_turns_though_one_of_them_waits_for_another_account() -> None:
    turns, order, begun = Turns(), [], threading.Event()

    def second() -> None:
        begun.set()
        with turns:
            order.append("second")

    with turns:
        thread = threading.Thread(target=second, daemon=True)
        with turns.aside():
            thread.start()
            begun.wait(5)
        order.append("first")
    thread.join(5)

    assert order == ["first", "second"]
