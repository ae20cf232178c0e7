# SPDX-License-Identifier: MIT
"""The picture of the results: three rows of bars, as an SVG that needs nothing to be drawn."""
from xml.sax.saxutils import escape

PANELS = [("round_trips", "round trips"), ("calls", "system calls"), ("instructions", "instructions")]
WIDTH, LABEL, BAR, GAP, TOP = 330, 160, 16, 6, 56
OURS, THEIRS = "#1b7837", "#9aa3ad"


def text_of(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2f}".rstrip("0").rstrip(".")


def panel(key, title, rows, left):
    """Bars are as long as the values: no logarithm makes the differences look small."""
    most = max(value for _, value in rows) or 1
    room = WIDTH - 90
    out = [f'<text x="{left}" y="{TOP - 12}" class="head">{escape(title)}</text>']
    for i, (name, value) in enumerate(rows):
        y = TOP + i * (BAR + GAP)
        long = max(value / most * room, 1)
        colour = OURS if name.startswith("envoi") else THEIRS
        out.append(f'<rect x="{left}" y="{y}" width="{long:.1f}" height="{BAR}" rx="2" fill="{colour}"/>')
        out.append(f'<text x="{left + long + 5:.1f}" y="{y + BAR - 4}">{text_of(value)}</text>')
    return out


def draw(results, clients, path):
    got = results["workloads"]["small, plain"]
    shown = [c for c in clients if c.key in got]
    names = [c.title.replace("*", "") for c in shown]
    height = TOP + len(shown) * (BAR + GAP) + 30
    width = LABEL + len(PANELS) * WIDTH
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
           'font-family="sans-serif" font-size="12">',
           "<style>text{fill:#333}.head{font-weight:bold}.title{font-size:14px;font-weight:bold}</style>",
           f'<rect width="{width}" height="{height}" fill="#fff"/>',
           '<text x="10" y="20" class="title">One message of 2 KiB to one recipient over an open session: less is better</text>']
    for i, name in enumerate(names):
        out.append(f'<text x="{LABEL - 10}" y="{TOP + i * (BAR + GAP) + BAR - 4}" text-anchor="end">{escape(name)}</text>')
    for k, (key, title) in enumerate(PANELS):
        rows = [(name, got[c.key][key]) for name, c in zip(names, shown)]
        out += panel(key, title, rows, LABEL + k * WIDTH)
    out.append(f'<text x="10" y="{height - 10}" fill="#777">bench/run, {escape(results["date"])}</text>')
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out + ["</svg>", ""]))
