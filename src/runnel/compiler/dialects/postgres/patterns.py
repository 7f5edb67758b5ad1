"""Literal RE2 patterns in PostgreSQL's regular expressions: only a subset whose meaning is the same in both."""

from __future__ import annotations

from dataclasses import dataclass

from runnel.compiler.dialects.postgres.typed import refuse

_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}
_CONTROLS = {"t": r"\t", "n": r"\n", "f": r"\f", "r": r"\r", "v": r"\v"}
_NAME = "a regular expression"


@dataclass
class Pattern:
    """A translated pattern: `choices` tells of alternatives or repeated groups, `least` how short a match can be."""

    text: str
    choices: bool
    least: int
    groups: int


def translate(pattern: str) -> Pattern:
    """Translate a pattern; refuses what the two dialects read differently."""
    return _Translator(pattern).whole()


class _Translator:
    def __init__(self, pattern: str) -> None:
        self.source = pattern
        self.at = 0
        self.choices = False
        self.groups = 0

    def whole(self) -> Pattern:
        text, least = self.alternatives()
        if self.at != len(self.source):
            raise self.no("an unbalanced bracket")
        return Pattern(text, self.choices, least, self.groups)

    def no(self, what: str) -> Exception:
        return refuse(_NAME, f"`{self.source}` has {what}, which may mean something else there")

    def peek(self) -> str:
        return self.source[self.at : self.at + 1]

    def alternatives(self) -> tuple[str, int]:
        parts = [self.sequence()]
        while self.peek() == "|":
            self.at += 1
            self.choices = True
            parts.append(self.sequence())
        return "|".join(text for text, _ in parts), min(least for _, least in parts)

    def sequence(self) -> tuple[str, int]:
        out: list[str] = []
        least = 0
        while self.peek() and self.peek() not in "|)":
            text, size, group = self.atom()
            text, size = self.quantified(text, size, group)
            out.append(text)
            least += size
        return "".join(out), least

    def atom(self) -> tuple[str, int, bool]:
        sign = self.peek()
        self.at += 1
        if sign in "^$":
            if self.peek() and self.peek() in "*+?{":
                raise self.no("a repeated anchor")
            return sign, 0, False
        if sign == ".":
            return r"[^\n]", 1, False
        if sign == "[":
            return self.charset(), 1, False
        if sign == "(":
            return self.group()
        if sign == "\\":
            return self.escape(), 1, False
        if sign in "*+?{}":
            raise self.no(f"a lonely {sign}")
        return sign, 1, False

    def group(self) -> tuple[str, int, bool]:
        head = "("
        if self.source.startswith("?:", self.at):
            self.at += 2
            head = "(?:"
        elif self.peek() == "?":
            raise self.no("a flag or named group")
        else:
            self.groups += 1
        inside, least = self.alternatives()
        if self.peek() != ")":
            raise self.no("an unbalanced bracket")
        self.at += 1
        return f"{head}{inside})", least, True

    def escape(self) -> str:
        sign = self.peek()
        self.at += 1
        if sign.lower() in _CLASSES:
            return f"[{'^' if sign.isupper() else ''}{_CLASSES[sign.lower()]}]"
        if sign in _CONTROLS:
            return _CONTROLS[sign]
        if sign and not sign.isalnum() and sign.isascii():
            return "\\" + sign
        raise self.no(f"\\{sign}")

    def charset(self) -> str:
        out = ["["]
        if self.peek() == "^":
            self.at += 1
            out.append("^")
        first = True
        while True:
            sign = self.peek()
            self.at += 1
            if not sign or sign == "[":
                raise self.no("a bracket within a set")
            if sign == "]" and not first:
                return "".join([*out, "]"])
            first = False
            out.append(self.member(sign))

    def member(self, sign: str) -> str:
        if sign != "\\":
            return "\\" + sign if sign in "]^" else sign
        sign = self.peek()
        self.at += 1
        if sign in _CLASSES:
            return _CLASSES[sign]
        if sign in _CONTROLS:
            return _CONTROLS[sign]
        if sign and not sign.isalnum() and sign.isascii():
            return "\\" + sign
        raise self.no(f"\\{sign} in a set")

    def quantified(self, text: str, size: int, group: bool) -> tuple[str, int]:
        sign = self.peek()
        if not sign or sign not in "*+?{":
            return text, size
        mark = sign
        if sign == "{":
            end = self.source.find("}", self.at)
            mark = self.source[self.at : end + 1]
            numbers = mark[1:-1].split(",")
            if end < 0 or not numbers[0].isdigit() or (len(numbers) > 1 and numbers[1] and not numbers[1].isdigit()):
                raise self.no("a repetition that is no {m,n}")
            if any(number and int(number) > 255 for number in numbers):
                raise self.no("a repetition beyond 255")
            size *= int(numbers[0])
        elif sign in "*?":
            size = 0
        self.at += len(mark)
        if self.peek() and self.peek() in "*+?{":
            raise self.no("a lazy or doubled repetition")
        self.choices = self.choices or group
        return text + mark, size
