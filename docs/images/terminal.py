#!/usr/bin/env python3
"""Draws lines of a terminal: terminal.py < quickstart.txt > quickstart.svg"""

import re
import sys
from html import escape

FONT, CHARACTER, LINE = 13, 7.83, 20
LEFT, TOP, BOTTOM = 22, 64, 14

# What is coloured, how, and whether it is bold. The first that matches at a place counts.
STYLES = [
    (r"^\$ .*", "#e6edf3", True),
    (r"^\d\d:\d\d:\d\d\.\d{3}", "#7d8590", False),
    (r"\bFIRING .*", "#ff7b72", True),
    (r"\bRESOLVED .*", "#7ee787", True),
    (r"^(?:Traces|Metrics) .*", "#7d8590", False),
    (r"\bINFO\b", "#58a6ff", False),
    (r"\bERROR\b", "#ffa198", False),
    (r"anomaly injected", "#e3b341", True),
    (r"\[\w+\]$", "#d2a8ff", False),
]
PATTERN = re.compile("|".join(f"({pattern})" for pattern, _, _ in STYLES))


def line(number: int, content: str) -> str:
    """One line of text, in its colours."""
    parts, at = [], 0
    for match in PATTERN.finditer(content):
        _, colour, bold = STYLES[match.lastindex - 1]
        weight = ' font-weight="bold"' if bold else ""
        parts.append(escape(content[at : match.start()]))
        parts.append(f'<tspan fill="{colour}"{weight}>{escape(match.group())}</tspan>')
        at = match.end()
    parts.append(escape(content[at:]))
    return f'<text x="{LEFT}" y="{TOP + number * LINE}" xml:space="preserve">{"".join(parts)}</text>'


def main() -> None:
    lines = sys.stdin.read().splitlines()
    width = round(2 * LEFT + CHARACTER * max(map(len, lines)))
    height = TOP + LINE * (len(lines) - 1) + LINE // 2 + BOTTOM
    buttons = [("#ff5f57", 22), ("#febc2e", 42), ("#28c840", 62)]
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"')
    print('  role="img" aria-label="Tidewatch in a terminal">')
    print(f'<rect width="{width}" height="{height}" rx="10" fill="#0d1117" stroke="#30363d"/>')
    for colour, x in buttons:
        print(f'<circle cx="{x}" cy="22" r="6" fill="{colour}"/>')
    print(f'<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{FONT}" fill="#c9d1d9">')
    for number, content in enumerate(lines):
        print(line(number, content))
    print("</g>\n</svg>")


main()
