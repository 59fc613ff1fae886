"""A table of texts as LaTeX, for a paper."""

from __future__ import annotations

from ivlm_bench.leaderboard.grid import Grid

#: Characters that LaTeX reads as commands, and what prints them.
_ESCAPES = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}


def latex(grid: Grid) -> str:
    """Return a grid as a table environment that needs the package booktabs.

    The first column is set left, the others right; notes stand below in footnote size.
    """
    lines = [
        "% needs \\usepackage{booktabs}",
        "\\begin{table}",
        "\\centering",
        f"\\caption{{{escaped(grid.title)}}}",
        f"\\begin{{tabular}}{{l{'r' * (len(grid.headers) - 1)}}}",
        "\\toprule",
        _line(tuple(header.replace("-\n", "").replace("\n", " ") for header in grid.headers)),
        "\\midrule",
    ]
    for index, row in enumerate(grid.rows):
        if index in grid.rules:
            lines.append("\\midrule")
        lines.append(_line(row))
    lines += ["\\bottomrule", "\\end{tabular}"]
    lines += [f"\\par\\footnotesize {escaped(note)}" for note in grid.notes]
    return "\n".join([*lines, "\\end{table}"]) + "\n"


def escaped(text: str) -> str:
    """Return ``text`` so that LaTeX prints it as it is.

    Examples
    --------
    >>> escaped("random-region* 50 % of a_b")
    'random-region* 50 \\\\% of a\\\\_b'
    """
    return "".join(_ESCAPES.get(character, character) for character in text)


def _line(cells: tuple[str, ...]) -> str:
    # A cell that begins with [ would be read as an option of the line break before it.
    return " & ".join(f"{{{escaped(c)}}}" if c.startswith("[") else escaped(c) for c in cells) + (
        r" \\"
    )
