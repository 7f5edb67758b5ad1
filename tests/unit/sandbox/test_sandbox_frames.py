"""Frames survive any cut of the stream, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runnel.errors import InternalError
from runnel.sandbox import frames

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
MESSAGES = st.lists(
    st.tuples(st.dictionaries(st.text(max_size=5), JSON, max_size=3), st.lists(st.binary(max_size=40), max_size=3)),
    max_size=4,
)


@given(MESSAGES, st.integers(1, 60))
def test_messages_come_out_as_they_went_in_however_the_stream_is_cut(messages, step):
    stream = b"".join(bytes(view) for message, items in messages for view in frames.encode(message, items))
    decoder, found = frames.Decoder(), []
    for start in range(0, len(stream), step):
        decoder.feed(stream[start : start + step])
        while (frame := decoder.next()) is not None:
            found.append((frame.message, list(frame.attachments)))
    assert found == messages


@given(st.binary(max_size=200))
def test_any_bytes_are_a_frame_or_wait_or_are_refused(data):
    decoder = frames.Decoder()
    decoder.feed(data)
    try:
        frame = decoder.next()
    except frames.BrokenFrameError:
        return
    assert frame is None or isinstance(frame.message, dict)


def test_a_message_too_large_for_its_receiver_is_not_sent(monkeypatch):
    monkeypatch.setattr(frames, "MAX_JSON_BYTES", 100)
    with pytest.raises(InternalError) as raised:
        frames.encode({"text": "x" * 100})
    assert raised.value.code == "RNL-LIMIT-006"
