"""What may be expected of a table, one model per type."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Expectation(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None = None
    severity: Literal["error", "warning"] = "error"

    @property
    def used(self) -> list[str]:
        """The columns that the expectation names."""
        return []

    @property
    def label(self) -> str:
        """The expectation's name, or one made of what it says."""
        return self.name or "_".join([str(getattr(self, "type", "")), *self.used])


class _OfRows(_Expectation):
    at_least: float = Field(1.0, ge=0, le=1, description="The share of the rows that must fulfil it.")


class RowCount(_Expectation):
    """How many rows there are."""

    type: Literal["row_count"]
    min: int | None = None
    max: int | None = None


class NotNull(_OfRows):
    """No value is missing."""

    type: Literal["not_null"]
    columns: list[str]

    @property
    def used(self) -> list[str]:
        """The columns that the expectation names."""
        return self.columns


class Unique(_OfRows):
    """No combination of values occurs twice; rows with NULL do not count."""

    type: Literal["unique"]
    columns: list[str]

    @property
    def used(self) -> list[str]:
        """The columns that the expectation names."""
        return self.columns


class _OfColumn(_OfRows):
    column: str

    @property
    def used(self) -> list[str]:
        """The columns that the expectation names."""
        return [self.column]


class InSet(_OfColumn):
    """Every value is one of these; NULL does not count."""

    type: Literal["in_set"]
    values: list[str | int | float | bool] = Field(min_length=1)


class Between(_OfColumn):
    """Every value lies between two; NULL does not count."""

    type: Literal["between"]
    min: float | int | str | None = None
    max: float | int | str | None = None


class Matches(_OfColumn):
    """Every text matches a pattern (RE2) somewhere; NULL does not count."""

    type: Literal["matches"]
    pattern: str


class Checked(_OfRows):
    """Every row fulfils a condition; NULL counts as broken."""

    type: Literal["condition"]
    check: str


Expectation = Annotated[RowCount | NotNull | Unique | InSet | Between | Matches | Checked, Field(discriminator="type")]
