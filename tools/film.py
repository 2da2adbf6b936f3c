"""The moving picture in README and docs: a digit is drawn on the stage of a run's report, a neuron is opened,
and the network learns in the story.

python tools/film.py RUN        writes docs/images/stage.webp, and report-inside.png beside it
"""

import io
import itertools
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))  # the helpers of the tests of the page
from browser import DIGITS, Board, browser  # noqa: E402

SIZE = {"width": 1280, "height": 720}
IMAGES = ROOT / "docs" / "images"


#: Move the slider of epochs, without bringing it into view.
GO_TO = """(epoch) => { const slider = document.getElementById("epoch-slider");
    slider.value = epoch; slider.dispatchEvent(new Event("input")); }"""


def fine(stroke, parts=4):
    """A stroke with more points, so that it is drawn smoothly."""
    pairs = itertools.pairwise(stroke)
    return [stroke[0]] + [
        (x + (u - x) * k / parts, y + (v - y) * k / parts) for (x, y), (u, v) in pairs for k in range(1, parts + 1)
    ]


def film(report):
    """Return the frames of a film, each with its milliseconds, and a still picture of the neuron."""
    frames = []
    with browser() as started:
        page = started.new_page(viewport=SIZE, device_scale_factor=1.5)
        page.goto(report.as_uri())
        page.wait_for_selector("html[data-complete]")
        page.wait_for_timeout(3000)

        def shoot(milliseconds=90):
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            frames.append((picture, milliseconds))

        board = Board(page)
        board.clear()
        shoot(600)
        board.draw([fine(stroke) for stroke in DIGITS[3]], after_move=shoot)
        page.mouse.move(640, 700)
        page.wait_for_timeout(1000)
        shoot(1800)
        tile = page.locator(".tile[data-strong=true]").first
        tile.hover()
        page.wait_for_timeout(500)
        shoot(900)
        tile.click()
        page.wait_for_timeout(900)
        shoot(1500)
        page.set_viewport_size(SIZE | {"height": 960})
        page.wait_for_timeout(400)
        opened = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        page.set_viewport_size(SIZE)
        page.locator("#switch").click()
        page.wait_for_timeout(400)
        shoot(1800)
        page.keyboard.press("Escape")
        page.wait_for_timeout(400)
        shoot(900)
        page.locator(".reset").click()
        page.evaluate("document.querySelector('.lessons button').click()")  # the story
        for _ in range(4):
            page.keyboard.press("ArrowRight")  # to the scene of a mistake, and learning
        page.evaluate("document.querySelector('.growth .play').click()")
        last = int(page.locator("#epoch-slider").get_attribute("max"))
        for epoch in (0, *range(1, last + 1, 2)):
            page.evaluate(GO_TO, epoch)
            page.evaluate("scrollTo(0, 0)")
            page.wait_for_timeout(300)
            shoot(2600 if epoch == 0 else 450)
        shoot(1500)
    return frames, opened


def main(run):
    """Write the film and the picture."""
    frames, opened = film(Path(run).resolve() / "report.html")
    first, *rest = [picture.resize((960, 540), Image.Resampling.LANCZOS) for picture, _ in frames]
    first.save(
        IMAGES / "stage.webp",
        save_all=True,
        append_images=rest,
        duration=[milliseconds for _, milliseconds in frames],
        loop=0,
        quality=60,
        method=6,
    )
    opened.save(IMAGES / "report-inside.png", optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
