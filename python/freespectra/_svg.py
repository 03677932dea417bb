"""A small picture of a law for notebooks."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ._laws import Law

WIDTH, HEIGHT, MARGIN = 360, 130, 18


def picture(law: Law) -> str:
    """The density as an SVG, atoms as vertical lines, with what `repr` says below."""
    x, y = law.mesh(240)
    low, high = law.support()
    low, high = (low - 0.5, high + 0.5) if low == high else (low, high)
    finite = y[np.isfinite(y)]
    top = min(float(finite.max()), 4.0 * float(np.quantile(finite, 0.9))) if len(finite) else 1.0

    def place(x: float, y: float) -> str:
        across = MARGIN + (WIDTH - 2 * MARGIN) * (x - low) / (high - low)
        return f"{across:.1f},{HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * min(max(y / top, 0.0), 1.0):.1f}"

    paths: list[list[str]] = []
    current: list[str] = []
    for a, b in zip(x, y):
        if np.isnan(a):
            paths.append(current)
            current = []
        else:
            current.append(place(a, min(b, top)))
    paths.append(current)
    curves = "".join(
        f'<polyline points="{" ".join(path)}" fill="none" stroke="currentColor" stroke-width="1.5"/>' for path in paths if path
    )
    lines = "".join(
        f'<polyline points="{place(a, 0.0)} {place(a, top)}" fill="none" stroke="currentColor" stroke-width="3"/>'
        for a, _ in law.atoms
    )
    axis = f'<line x1="{MARGIN}" y1="{HEIGHT - MARGIN}" x2="{WIDTH - MARGIN}" y2="{HEIGHT - MARGIN}" stroke="currentColor"/>'
    ends = "".join(
        f'<text x="{at}" y="{HEIGHT - 4}" text-anchor="{anchor}" font-size="11" fill="currentColor">{value:.4g}</text>'
        for at, anchor, value in [(MARGIN, "start", low), (WIDTH - MARGIN, "end", high)]
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="density">'
        f"{axis}{curves}{lines}{ends}</svg><div><small>{escape(repr(law))}</small></div>"
    )
