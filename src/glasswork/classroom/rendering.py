"""A report as text for the terminal and as HTML for a notebook."""

from glasswork.classroom.report import CheckReport


def to_text(report: CheckReport) -> str:
    """Return the report as plain text."""
    return report.file


def to_html(report: CheckReport) -> str:
    """Return the report as HTML."""
    return report.file
