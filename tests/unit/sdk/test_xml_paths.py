"""Paths into XML are read step by step, and whatever is more than that is none."""

from __future__ import annotations

import pytest

from runnel.sdk.xml_paths import joined_paths, split_paths, xml_path


@pytest.mark.parametrize(
    ("written", "xpath"),
    [
        ("a/b", "*[local-name()='a']/*[local-name()='b']"),
        ("/o/@id", "/*[local-name()='o']/@*[local-name()='id']"),
        ("//item[2]/p:price", "//*[local-name()='item'][2]/p:price"),
        ("a[@k='v']", "*[local-name()='a'][@*[local-name()='k']='v']"),
        ("a[b]/text()", "*[local-name()='a'][*[local-name()='b']]/text()"),
        ("a/xml()", "*[local-name()='a']/self::*"),
        ("a.b", "*[local-name()='a.b']"),
        (".", "."),
    ],
)
def test_a_path_becomes_xpath(written, xpath):
    path = xml_path(written)
    assert path is not None and path.xpath == xpath


@pytest.mark.parametrize(
    "written",
    ["", "a[", "a/", "//", "a b", "a/@b/c", "text()/a", "a[0]", "document('x')", "a|b", "a[b or c]", "../a", "a[count(b)]"],
)
def test_what_is_more_than_a_path_is_none(written):
    assert xml_path(written) is None


def test_several_paths_travel_as_one_text():
    paths = ["a[b='x|y']", "c"]
    assert split_paths(joined_paths(paths)) == tuple(paths)
