"""SFT9: what can be wrong with a folder of ours; the samples name what the tests do to a sound one."""

from __future__ import annotations

from sftformat.documented import Page, fixture

_SOUND = (fixture("a folder as it was committed"),)

#: In the order of the codes; name, severity, words and cure stand in `diagnostics.CODES`.
PAGES: tuple[Page, ...] = (
    Page(
        "SFT901",
        "one flipped bit in a shard is trained on like any other; a missing file is a part of the data missing.",
        (
            fixture("one bit of a file flipped"),
            fixture("a file cut short"),
            fixture("a file missing"),
            fixture("a file more than the manifest lists"),
        ),
        _SOUND,
    ),
    Page(
        "SFT902",
        "a newer version may mean something else by the same name; reading it as the old one would be a guess.",
        (fixture("a manifest of format sftformat/2"),),
        _SOUND,
    ),
    Page(
        "SFT903",
        "without its manifest a folder is not finished: a run that broke off looks the same.",
        (fixture("no manifest"), fixture("a manifest that is no JSON"), fixture("a manifest whose hash is wrong")),
        _SOUND,
    ),
)
