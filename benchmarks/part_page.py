"""The report page: how large it is, how soon it is ready, and how long one movement of the pen takes."""

import shutil
import tempfile
from pathlib import Path

from processes import GLASSWORK, run
from report import Measured, Row

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync"]  # fmt: skip

#: Draws circles on the board, 600 movements; returns the milliseconds of each, with layout.
MOVES = """() => {
    const board = document.getElementById('board');
    board.setPointerCapture = () => {};
    const box = board.getBoundingClientRect();
    const send = (type, k) => board.dispatchEvent(new PointerEvent(type, {pointerId: 1, bubbles: true,
        clientX: box.left + box.width * (0.5 + 0.3 * Math.cos(k / 9)),
        clientY: box.top + box.height * (0.5 + 0.3 * Math.sin(k / 7))}));
    send('pointerdown', 0);
    const times = Array.from({length: 600}, (_, k) => {
        const start = performance.now();
        send('pointermove', k);
        document.body.offsetHeight;
        return performance.now() - start;
    });
    send('pointerup', 600);
    return times;
}"""


def rows(rounds: int) -> list[Row]:
    """The default run's page in Chromium."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        run([*GLASSWORK, "train", "--quiet", "--out", f"{folder}/run"])
        path = Path(folder) / "run" / "report.html"
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        ready, moves = [], []
        for _ in range(rounds):
            page = browser.new_page()
            page.goto(path.as_uri())
            page.evaluate("glasswork.ready.then(() => true)")
            ready.append(page.evaluate("performance.getEntriesByName('glasswork-ready')[0].startTime") / 1000)
            page.wait_for_selector("html[data-complete]")
            page.wait_for_timeout(1000)
            moves.append(sorted(page.evaluate(MOVES))[570])
            page.close()
        browser.close()
        size = path.stat().st_size / 1e6
    return [
        Row("report page of the default run", "MB", Measured([size], at_most=2.5)),
        Row("report page, from opening to answering", "seconds", Measured(ready, at_most=0.5)),
        Row("report page, one movement of the pen, 95th percentile", "milliseconds", Measured(moves, at_most=16)),
    ]
