"""The report of a class as one HTML file: no script, no other file, light and dark, wide and narrow."""

import datetime
from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files

from glasswork.classroom.class_report.points import WARNING, Points
from glasswork.classroom.class_report.report import ClassReport, Misconception, Row
from glasswork.classroom.class_report.standing import COMPLETE, GROUPS, MISTAKES, full_although_wrong, refused, standing
from glasswork.classroom.handout import WHOLE_FILE
from glasswork.classroom.report import PartReport
from glasswork.outputs import GENERATOR

#: The statuses in the order of the bars: the sign that stands for each, and what it means.
SIGNS = {
    "done": ("✓", "done"),
    "remark": ("≈", "right, with a remark"),
    "wrong": ("✗", "wrong"),
    "open": ("○", "open"),
    "blocked": ("…", "not judged"),
    "not found": ("–", "not found"),
}

#: No script runs and nothing is loaded, whatever a submission has brought into the page.
POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">"
)

#: Headings for mistakes that have no name.
_UNNAMED = {
    WHOLE_FILE: "stops, never ends or trains nothing",
    "wrong": "a mistake that is not in the catalogue",
    "remark": "a remark",
}

#: A name list that is longer is folded.
_FEW = 8


def to_page(report: ClassReport, title: str, points: Points) -> str:
    """Return the report as an HTML document.

    Parameters
    ----------
    report : ClassReport
    title : str
        The class, such as the name of the folder.
    points : Points
        What each part is worth.

    Returns
    -------
    str
    """
    style = files("glasswork.classroom.class_report").joinpath("class_report.css").read_text("utf-8")
    body = "\n".join(
        [
            *_head(report, title, points),
            *_refused(report),
            *_full_although_wrong(report, points),
            *_misconceptions(report),
            *_parts(report),
            *_matrix(report, points),
            *_not_checked(report),
            *_copies(report),
            *_students(report, points),
        ]
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"{GENERATOR}\n{POLICY}\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}: classwork report</title>\n<style>\n{style}</style>\n"
        f"</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _head(report: ClassReport, title: str, points: Points) -> Iterator[str]:
    groups = Counter(standing(row, points) for row in report.rows)
    numbers = {"students": len(report.rows)}
    numbers |= {group: groups[group] for group in GROUPS if groups[group] or group in (COMPLETE, MISTAKES)}
    today = f"{datetime.date.today():%d %B %Y}"
    yield f"<header><h1>{escape(title)}</h1><p class=muted>Classwork report, {today}</p></header>"
    items = (f"<li><b>{count}</b>{name}</li>" for name, count in numbers.items())
    yield f"<ul class=numbers>{''.join(items)}</ul>"
    yield f"<p class=muted>{escape(WARNING)}</p>"
    if warning := points.warning(report):
        yield f"<p class=wrong>{escape(warning)}</p>"


def _refused(report: ClassReport) -> Iterator[str]:
    found = [(row, part) for row in report.rows for part in refused(row)]
    if found:
        yield "<h2>Tried what is not allowed</h2><p class=muted>Read these files. What was tried was refused.</p><ul>"
        for row, part in found:
            code = f" <code>{escape(part.code.strip())}</code>" if part.code.strip() else ""
            yield f"<li>{escape(row.student)}, {escape(part.name)}:{code} {escape(part.message)}</li>"
        yield "</ul>"


def _full_although_wrong(report: ClassReport, points: Points) -> Iterator[str]:
    found = [(row.student, says) for row in report.rows if (says := full_although_wrong(row, points))]
    if found:
        yield "<h2>Full points, but something is wrong</h2><p class=muted>The mistake is in code that earns none.</p>"
        yield f"<ul>{''.join(f'<li>{escape(student)}: {escape(says)}.</li>' for student, says in found)}</ul>"


def _misconceptions(report: ClassReport) -> Iterator[str]:
    found = report.misconceptions()
    mistakes = [one for one in found if one.status == "wrong"]
    remarks = [one for one in found if one.status == "remark"]
    yield "<h2>What the class gets wrong</h2>"
    if not mistakes:
        yield "<p>No mistake was found.</p>"
    for one in mistakes:
        yield from _misconception(one, len(report.checked))
    if remarks:
        yield f"<details><summary><b>Remarks</b> on parts that are right ({len(remarks)})</summary>"
        for one in remarks:
            yield from _misconception(one, len(report.checked))
        yield "</details>"


def _misconception(one: Misconception, of: int) -> Iterator[str]:
    count = len(one.students)
    unnamed = _UNNAMED[WHOLE_FILE if (one.part, one.status) == (WHOLE_FILE, "wrong") else one.status]
    yield f"<section class='mistake{' is-remark' if one.status == 'remark' else ''}'>"
    yield f"<h3>{escape(one.part)}{'' if one.mistake else f': {unnamed}'}</h3>"
    yield f"<p class=muted>{count} of {of} ({100 * count / of:.0f} %): {_names(one.students)}</p>"
    if one.example.code.strip():
        yield f"<pre><code>{escape(one.example.code.strip())}</code></pre>"
    yield f"<p>{escape(one.example.message)}</p></section>"


def _names(students: Sequence[str]) -> str:
    """Return the names, those beyond the first few folded."""
    shown = escape(", ".join(students[:_FEW]))
    if len(students) <= _FEW:
        return shown
    rest = escape(", ".join(students[_FEW:]))
    return f"{shown} <details><summary>and {len(students) - _FEW} more</summary>{rest}</details>"


def _parts(report: ClassReport) -> Iterator[str]:
    yield "<h2>Part by part</h2>"
    legend = "".join(f"<span class={_css(s)}>{sign} {words}</span>" for s, (sign, words) in SIGNS.items())
    yield f"<p class=legend>{legend}</p>"
    yield "<div class=scroll><table class=wide><tbody>"
    for name in report.part_names:
        counts = report.statuses(name)
        wrong = f"{counts['wrong']} ✗" if counts["wrong"] else ""
        yield (
            f"<tr><th scope=row><code>{escape(name)}</code></th><td class=wide>{_bar(counts)}</td>"
            f"<td class='count done' title=right>{counts['done'] + counts['remark']} ✓</td>"
            f"<td class='count wrong' title=wrong>{wrong}</td></tr>"
        )
    yield "</tbody></table></div>"


def _bar(counts: Counter[str]) -> str:
    pieces = []
    for status, (_, words) in SIGNS.items():
        if count := counts[status]:
            width = 100 * count / counts.total()
            pieces.append(f"<i class={_css(status)} style='width:{width:.2f}%' title='{count} {words}'></i>")
    return f"<div class=bar>{''.join(pieces)}</div>"


def _matrix(report: ClassReport, points: Points) -> Iterator[str]:
    names = report.part_names
    yield "<h2>Who has what done</h2>"
    if points.bonus:
        yield f"<p class=muted>A bonus ({escape(', '.join(points.bonus))}) adds to the points, not to the maximum.</p>"
    yield "<div class=scroll><table class=matrix><thead><tr><th>student</th><th>points</th>"
    yield "".join(f"<th class=part><span>{escape(name)}</span></th>" for name in names)
    yield "</tr></thead><tbody>"
    for position, row in enumerate(report.rows):
        if row.failure:
            continue
        status = {part.name: part.status for part in row.parts}
        cells = "".join(_cell(name, status.get(name)) for name in names)
        yield (
            f"<tr><th scope=row><a href='#s{position}'>{escape(row.student)}</a></th>"
            f"<td class=count>{_of_possible(row, points, '/')}</td>{cells}</tr>"
        )
    yield "</tbody></table></div>"


def _cell(name: str, status: str | None) -> str:
    if status is None:
        return "<td></td>"
    sign, words = SIGNS[status]
    return f"<td class={_css(status)} title='{escape(name)}: {words}'>{sign}</td>"


def _css(status: str) -> str:
    return status.replace(" ", "-")


def _not_checked(report: ClassReport) -> Iterator[str]:
    failed = [row for row in report.rows if row.failure]
    if failed:
        yield "<h2>Not checked</h2><div class=scroll><table class=wide><tbody>"
        for row in failed:
            reason = "; ".join((row.failure, *row.notes))
            cells = (escape(row.student), f"<code>{escape(row.file)}</code>", escape(reason))
            yield f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
        yield "</tbody></table></div>"


def _copies(report: ClassReport) -> Iterator[str]:
    copies = report.copies()
    if copies:
        yield "<h2>The very same file</h2><p class=muted>Byte for byte; an untouched exercise is one, too.</p><ul>"
        yield from (f"<li>{escape(', '.join(who))}</li>" for who in copies)
        yield "</ul>"


def _students(report: ClassReport, points: Points) -> Iterator[str]:
    yield "<h2>Student by student</h2>"
    for position, row in enumerate(report.rows):
        if not row.failure:
            yield from _student(position, row, points)


def _student(position: int, row: Row, points: Points) -> Iterator[str]:
    yield f"<section class=student id=s{position}><h3>{escape(row.student)}</h3>"
    others = f"; not checked: {escape(', '.join(row.others))}" if row.others else ""
    notes = "".join(f"; {escape(note)}" for note in row.notes)
    yield f"<p class=muted>{escape(row.file)}, {_of_possible(row, points, ' of ')} points{notes}{others}</p>"
    told = [part for part in row.parts if part.status in ("wrong", "remark")]
    open_parts = [part.name for part in row.parts if part.status == "open"]
    if told:
        yield "<ul>" + "".join(_told(part) for part in told) + "</ul>"
    unseen = {part.message for part in row.parts if part.status == "blocked"}
    for reason in sorted(unseen):
        names = ", ".join(part.name for part in row.parts if part.status == "blocked" and part.message == reason)
        yield f"<p><span class=blocked>… {escape(names)}:</span> {escape(reason)}</p>"
    if open_parts:
        yield f"<p><span class=open>○ open:</span> {escape(', '.join(open_parts))}</p>"
    yield "</section>"


def _of_possible(row: Row, points: Points, between: str) -> str:
    return f"{number(sum(points.earned(row).values()))}{between}{number(points.possible)}"


def number(value: float) -> str:
    """Return a number of points: without decimals where it has none."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _told(part: PartReport) -> str:
    place = ", ".join(f"{word} {n}" for word, n in (("cell", part.cell), ("line", part.line)) if n)
    where = f" <span class=muted>{escape(place)}</span>" if place else ""
    code = f"<pre><code>{escape(part.code.strip())}</code></pre>" if part.code.strip() else ""
    sign, _ = SIGNS[part.status]
    name = f"<span class={_css(part.status)}>{sign}</span> <b>{escape(part.name)}</b>"
    return f"<li>{name}{where}{code}{escape(part.message)}</li>"
