"""The verdicts on a file: those on its parts, what its run as a whole adds, and the slips that single lines show."""

from collections.abc import Callable, Iterable

from glasswork.classroom.judging.ending import after_import, report_ending, with_definitions, with_meant
from glasswork.classroom.judging.replay import Replay
from glasswork.classroom.judging.slips import with_slips
from glasswork.classroom.report import PartReport
from glasswork.classroom.student.source import Document
from glasswork.classroom.student.whole_file import Ending


def complete(
    parts: Iterable[PartReport], ending: Ending, document: Document, run: Callable[[Document], Ending]
) -> list[PartReport]:
    """Return the reports on a file.

    Parameters
    ----------
    parts : iterable of PartReport
    ending : Ending
        How the file ended when it was run from top to bottom.
    document : Document
    run : callable
        Runs a document from top to bottom, to try what changes if something is mended.
    """
    replay = Replay(document, ending, run)
    told = list(with_meant(after_import(ending, with_definitions(parts, document), document), ending, document))
    entry = report_ending(ending, told, document, replay.with_parts)
    return list(with_slips([entry, *told] if entry is not None else told, document, replay.with_node))
