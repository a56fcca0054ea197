import asyncio

import pytest

from app.errors import DatabaseBusy
from app.telecom.batching import LARGEST_FRAME, PATIENCE_SECONDS, AdaptiveBatcher, OnItsWay

FAR_AWAY = float("inf")
MOST_WAITING = 4 * LARGEST_FRAME


class Frames:
    """Stands in for scoring and storing: records each frame and lets the test say when it comes back."""

    def __init__(self):
        self.sent = []
        self.on_their_way = []
        self.refuse_next = None

    def __call__(self, frame):
        if self.refuse_next:
            error, self.refuse_next = self.refuse_next, None
            raise error
        self.sent.append([list(waiting.asked) for waiting in frame])
        loop = asyncio.get_running_loop()
        sent = [OnItsWay([b"answer to " + asked for asked in waiting.asked], loop.create_future()) for waiting in frame]
        self.on_their_way.append([one.stored for one in sent])
        return sent

    def come_back(self, errors=None):
        for place, stored in enumerate(self.on_their_way.pop(0)):
            if errors and errors.get(place):
                stored.set_exception(errors[place])
            else:
                stored.set_result(None)


def run(scenario):
    async def body():
        frames = Frames()
        batcher = AdaptiveBatcher(frames, MOST_WAITING)

        def ask(*asked):
            return asyncio.create_task(batcher.answer([name.encode() for name in asked], "id", FAR_AWAY))

        await scenario(frames, ask)

    asyncio.run(body())


async def turns(count=6):
    for _ in range(count):
        await asyncio.sleep(0)


def test_a_lone_request_leaves_at_once():
    async def scenario(frames, ask):
        task = ask("a")
        await turns()
        assert frames.sent == [[[b"a"]]]
        frames.come_back()
        assert await task == [b"answer to a"]

    run(scenario)


def test_what_arrives_while_a_frame_is_away_leaves_together_and_each_gets_its_own_answers():
    async def scenario(frames, ask):
        first = ask("a")
        await turns()
        others = [ask("b", "c"), ask("d"), ask("e")]
        await turns()
        assert len(frames.sent) == 1
        frames.come_back()
        await turns()
        assert frames.sent[1] == [[b"b", b"c"], [b"d"], [b"e"]]
        frames.come_back()
        assert await first == [b"answer to a"]
        assert await asyncio.gather(*others) == [[b"answer to b", b"answer to c"], [b"answer to d"], [b"answer to e"]]

    run(scenario)


def test_the_next_frame_waits_for_those_who_were_just_answered_but_not_for_long():
    async def scenario(frames, ask):
        tasks = [ask("a")]
        await turns()
        tasks += [ask("b"), ask("c"), ask("d")]
        await turns()
        frames.come_back()
        await turns()
        frames.come_back()
        tasks += [ask("e"), ask("f")]
        await turns()
        assert len(frames.sent) == 2, "two of three are back: the frame waits"
        tasks.append(ask("g"))
        await turns()
        assert frames.sent[2] == [[b"e"], [b"f"], [b"g"]]
        frames.come_back()
        tasks.append(ask("h"))
        await asyncio.sleep(PATIENCE_SECONDS * 5)
        assert frames.sent[3] == [[b"h"]], "one of three is back: patience ends"
        frames.come_back()
        assert all(await asyncio.gather(*tasks))

    run(scenario)


def test_a_crowd_leaves_in_frames_of_bounded_size():
    async def scenario(frames, ask):
        tasks = [ask(str(number)) for number in range(3 * LARGEST_FRAME)]
        await turns()
        await asyncio.sleep(PATIENCE_SECONDS * 5)
        while frames.on_their_way:
            frames.come_back()
            await turns()
        answers = await asyncio.gather(*tasks)
        assert [answer for (answer,) in answers] == [b"answer to %d" % number for number in range(3 * LARGEST_FRAME)]
        assert max(len(frame) for frame in frames.sent) <= LARGEST_FRAME

    run(scenario)


def test_a_frame_that_fails_fails_its_requests_and_no_others():
    async def scenario(frames, ask):
        first = ask("a")
        await turns()
        second = ask("b")
        frames.come_back(errors={0: RuntimeError("disk gone")})
        with pytest.raises(RuntimeError, match="disk gone"):
            await first
        await turns()
        frames.come_back()
        assert await second == [b"answer to b"]

    run(scenario)


def test_a_frame_that_cannot_be_sent_is_heard_of_and_the_next_one_goes():
    async def scenario(frames, ask):
        frames.refuse_next = RuntimeError("busy")
        with pytest.raises(RuntimeError, match="busy"):
            await ask("a")
        task = ask("b")
        await turns()
        frames.come_back()
        assert await task == [b"answer to b"]

    run(scenario)


def test_a_client_that_goes_away_does_not_disturb_its_neighbours():
    async def scenario(frames, ask):
        first = ask("a")
        await turns()
        gone, stays = ask("b"), ask("c")
        await turns()
        gone.cancel()
        frames.come_back()
        await turns()
        frames.come_back()
        assert await first == [b"answer to a"]
        assert await stays == [b"answer to c"]

    run(scenario)


def test_each_request_of_a_frame_has_its_own_verdict():
    async def scenario(frames, ask):
        first = ask("a")
        await turns()
        others = [ask("b"), ask("c"), ask("d")]
        await turns()
        frames.come_back()
        await turns()
        frames.come_back(errors={1: RuntimeError("only this row")})
        answers = await asyncio.gather(first, *others, return_exceptions=True)
        assert [answers[0], answers[1], answers[3]] == [[b"answer to a"], [b"answer to b"], [b"answer to d"]]
        assert str(answers[2]) == "only this row"

    run(scenario)


def test_more_than_may_wait_are_refused_at_once():
    async def scenario(frames, ask):
        first = ask("a")
        await turns()
        waiting = [ask(str(number)) for number in range(MOST_WAITING)]
        await turns()
        with pytest.raises(DatabaseBusy):
            await ask("too many")
        frames.come_back()
        await turns()
        while frames.on_their_way:
            frames.come_back()
            await turns()
        assert len(await asyncio.gather(first, *waiting)) == MOST_WAITING + 1

    run(scenario)
