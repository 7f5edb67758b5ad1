"""The add menu finds a node for the words that people use for a task."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from browsing import Robot
from running import Running

PHRASES = """\
group by|table.aggregate
sum by category|table.aggregate
average per month|table.aggregate
count rows|table.aggregate
pivot|table.pivot
pivot table|table.pivot
crosstab|table.pivot
unpivot|table.unpivot
melt|table.unpivot
wide to long|table.unpivot
remove duplicates|table.deduplicate,table.distinct
dedupe|table.deduplicate,table.distinct
fuzzy match|table.deduplicate
unique values|table.distinct
vlookup|table.join,table.lookup
xlookup|table.join,table.lookup
merge two tables|table.join,table.union
left join|table.join
append tables|table.union
stack rows|table.union
union all|table.union
extract csv|source.file
read csv|source.file
open excel|source.file
import json|source.file
parquet|source.file,sink.file
load a file|source.file
test data|source.generate,source.rows
write csv|sink.file
save to excel|sink.file
export parquet|sink.file
save as dataset|sink.dataset
filter|table.filter
where|table.filter
keep rows|table.filter
delete rows|table.filter
if else|table.conditional,table.route,table.derive
switch|table.route
split by condition|table.route
add column|table.derive
calculated field|table.derive
formula|table.derive
rename|table.rename
change type|table.cast
text to number|table.cast
drop columns|table.drop,table.select
fill missing|table.fill
forward fill|table.fill
replace nulls|table.fill
sort|table.sort
order by|table.sort
first 100|table.limit
top 10|table.top_n,table.top,table.limit
random sample|table.sample
running total|table.window
moving average|table.window
rank|table.window,table.top_n
unnest json|table.explode,table.flatten,table.json_extract
split text to columns|table.split
mask email|table.mask"""


def test_the_add_menu_has_the_right_node_among_the_first_three_for_57_of_60_phrases(
    robot: Robot, server: Running
) -> None:
    server.post("/pipelines", {"name": "finding"})
    robot.edit("finding")
    robot.page.locator('[data-testid="canvas"]').focus()
    robot.press("Tab")
    field = robot.get("add-menu").get_by_role("combobox")
    expect(field).to_be_visible()
    missed = []
    for line in PHRASES.splitlines():
        phrase, _, kinds = line.partition("|")
        field.fill(phrase)
        expect(field).to_have_value(phrase)
        found = robot.get("add-item").evaluate_all("items => items.slice(0, 3).map(item => item.dataset.kind)")
        if not set(found) & set(kinds.split(",")):
            missed.append((phrase, found))
    assert len(PHRASES.splitlines()) == 60
    assert len(missed) <= 3, missed
    field.fill("qqqqzzzz")
    expect(robot.get("add-menu")).to_contain_text(re.compile("No node fits"))
