"""Make the outlines of countries for maps: from the npm packages world-atlas (2.0) and i18n-iso-countries (7.14).

Usage: python -m tools.outlines world-atlas/countries-110m.json i18n-iso-countries
Coordinates become whole numbers of 1/20 degree; borders that two countries share are stored once.
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parent.parent / "src" / "runnel" / "app" / "report" / "countries.json"
UNITS = 20
WITHOUT_NUMBER = {"Kosovo": ["XK", "XKX"], "N. Cyprus": [], "Somaliland": []}
ALSO = {
    "BO": ["Bolivia"], "BN": ["Brunei"], "CD": ["DR Congo", "Congo-Kinshasa", "Zaire", "Congo, Dem. Rep."],
    "CG": ["Congo-Brazzaville", "Republic of Congo", "Congo, Rep."], "CI": ["Ivory Coast"], "CV": ["Cape Verde"],
    "CZ": ["Czech Republic"], "EG": ["Egypt, Arab Rep."], "FK": ["Falkland Islands"], "GB": ["UK", "Great Britain", "Britain"],
    "GM": ["Gambia, The"], "IR": ["Iran", "Iran, Islamic Rep."], "KP": ["North Korea", "Korea, North"],
    "KR": ["South Korea", "Korea", "Korea, South", "Korea, Rep."], "LA": ["Laos", "Lao PDR"], "MD": ["Moldova"],
    "MK": ["Macedonia", "FYROM"], "MM": ["Burma"], "NL": ["Holland", "The Netherlands"], "PS": ["Palestinian Territories"],
    "RU": ["Russia"], "SK": ["Slovak Republic"], "SY": ["Syria"], "SZ": ["Swaziland"], "TL": ["East Timor"],
    "TR": ["Turkey", "Türkiye"], "TW": ["Taiwan"], "TZ": ["Tanzania"], "US": ["USA", "U.S.A.", "United States", "America"],
    "VA": ["Vatican"], "VE": ["Venezuela"], "VN": ["Vietnam"], "YE": ["Yemen, Rep."], "AE": ["UAE", "Emirates"],
}  # fmt: skip


def arcs(topology: dict[str, Any]) -> list[list[int]]:
    """Return every arc as [x, y, dx, dy, …] in units, without points that fall together."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    made = []
    for arc in topology["arcs"]:
        x = y = 0
        points: list[tuple[int, int]] = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            point = (round((x * sx + tx) * UNITS), round((y * sy + ty) * UNITS))
            if not points or point != points[-1]:
                points.append(point)
        flat = list(points[0])
        for (ax, ay), (bx, by) in itertools.pairwise(points):
            flat += [bx - ax, by - ay]
        made.append(flat)
    return made


def countries(topology: dict[str, Any], iso: Path) -> list[dict[str, Any]]:
    """Return codes, names and rings (lists of arcs; ~n is arc n backwards) of every country that has a code."""
    codes = {number: (two, three) for two, three, number, _ in json.loads((iso / "codes.json").read_text("utf-8"))}
    names = json.loads((iso / "langs" / "en.json").read_text("utf-8"))["countries"]
    made: dict[str, dict[str, Any]] = {}
    for shape in topology["objects"]["countries"]["geometries"]:
        polygons = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
        name = shape["properties"]["name"]
        own = [*codes[shape["id"]], shape["id"]] if shape.get("id") else WITHOUT_NUMBER[name]
        rings = [ring for polygon in polygons for ring in polygon]
        made[own[0] if own else name] = {"codes": own, "names": [name], "rings": rings}
    for number, (two, three) in codes.items():
        item = made.setdefault(two, {"codes": [two, three, number], "names": [], "rings": []})
        known = names.get(two, [])
        known = [name for name in ([known] if isinstance(known, str) else known) if (two, name) != ("CD", "Congo")]
        item["names"] = list(dict.fromkeys([*known, *item["names"], *ALSO.get(two, [])]))
    return sorted(made.values(), key=lambda item: item["names"][0])


def main(topology: str, iso: str) -> None:
    """Write the file."""
    read = json.loads(Path(topology).read_text("utf-8"))
    data = {"units": UNITS, "arcs": arcs(read), "countries": countries(read, Path(iso))}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    TARGET.write_text(text.replace('],"countries"', '],\n"countries"').replace('},{"codes"', '},\n{"codes"') + "\n", "utf-8")
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes, {len(data['countries'])} countries")


if __name__ == "__main__":
    main(*sys.argv[1:])
