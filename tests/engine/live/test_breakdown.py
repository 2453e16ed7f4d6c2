"""A running PM takes a margin apart when it is asked to: what comes back over the pipe."""

from __future__ import annotations

import pytest

from engine.errors import UserError
from engine.live.client import LiveRescorer
from engine.live.protocol import Asked, BreakDown, BrokenDown, Cancel, Cancelled, decode, encode
from tests.engine.live.fakes import BEFORE, rescorer
from tests.engine.live.talking import RUNNING, Talk
from tests.engine.tiny import DUNNO


def request(identifier: int, chosen: str = " I don't know.", rejected: str = " Yes.") -> BreakDown:
    asked = (Asked(DUNNO, DUNNO.features),)
    return BreakDown(identifier, "\n\nHuman: Who?\n\nAssistant:", chosen, rejected, asked)


def answered(talk: Talk, message: BreakDown) -> BrokenDown:
    talk.say(message)
    answer = talk.hear()
    assert isinstance(answer, BrokenDown)
    assert decode(encode(answer)) == answer
    return answer


@RUNNING
def test_it_adds_up_names_the_heuristic_and_can_be_stopped(talk: Talk) -> None:
    bears = answered(talk, request(2)).breakdown
    (waterfall,) = bears.waterfalls
    assert waterfall.heuristic == DUNNO.name
    assert waterfall.bars[0].features == DUNNO.features
    total = sum(bar.size for bar in waterfall.bars) + waterfall.baseline
    assert total == pytest.approx(waterfall.margin, abs=1e-9)
    assert bears.tokens.chosen.running is not None
    bare = answered(talk, request(3, " No.", " Yes.")).breakdown
    assert [made.heuristic for made in bare.waterfalls] == [None]
    talk.say(*(request(number) for number in range(10, 20)), Cancel(19))
    answers = [talk.hear() for _ in range(10)]
    assert isinstance(answers[-1], Cancelled)


async def test_a_worker_that_answers_something_else_is_gone_and_the_next_call_works() -> None:
    asked: LiveRescorer = rescorer("ready(); measured(hear())")
    with pytest.raises(UserError, match="it answered with measured"):
        await asked.break_down(BEFORE)
    await asked.close()
