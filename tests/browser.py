"""A browser for tests of the report page, and ten digits as strokes."""

import base64
import shutil
from contextlib import contextmanager

import numpy as np
import pytest
from playwright.sync_api import sync_playwright

#: Of a browser without a window, yet Chromium draws each window's address bar as two pages: they cost more than ours.
#: The last list of features counts, so it repeats what matters here of Playwright's own.
WITHOUT = ["WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup", "PaintHolding", "MediaRouter",
           "OptimizationHints", "DestroyProfileOnBrowserClose"]  # fmt: skip

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", f"--disable-features={','.join(WITHOUT)}"]  # fmt: skip

#: Digits as people write them, in board units.
DIGITS = {
    0: [[(0.5, 0.2), (0.36, 0.28), (0.3, 0.5), (0.36, 0.72), (0.5, 0.8), (0.64, 0.72), (0.7, 0.5), (0.64, 0.28),
         (0.5, 0.2)]],
    1: [[(0.53, 0.2), (0.48, 0.8)]],
    2: [[(0.33, 0.33), (0.4, 0.22), (0.56, 0.2), (0.66, 0.32), (0.6, 0.5), (0.33, 0.79), (0.7, 0.78)]],
    3: [[(0.33, 0.25), (0.5, 0.2), (0.63, 0.3), (0.58, 0.42), (0.46, 0.48), (0.6, 0.53), (0.66, 0.66), (0.54, 0.8),
         (0.33, 0.75)]],
    4: [[(0.36, 0.2), (0.32, 0.5), (0.66, 0.5)], [(0.62, 0.22), (0.6, 0.82)]],
    5: [[(0.68, 0.2), (0.4, 0.2), (0.37, 0.45), (0.55, 0.43), (0.67, 0.57), (0.62, 0.73), (0.48, 0.8), (0.32, 0.76)]],
    6: [[(0.6, 0.18), (0.43, 0.38), (0.36, 0.62), (0.45, 0.79), (0.6, 0.75), (0.64, 0.62), (0.53, 0.53), (0.39, 0.61)]],
    7: [[(0.3, 0.22), (0.7, 0.22), (0.46, 0.8)]],
    8: [[(0.62, 0.3), (0.5, 0.2), (0.38, 0.3), (0.46, 0.45), (0.6, 0.6), (0.6, 0.74), (0.48, 0.8), (0.37, 0.7),
         (0.42, 0.57), (0.57, 0.43), (0.62, 0.3)]],
    9: [[(0.63, 0.36), (0.52, 0.24), (0.38, 0.33), (0.42, 0.47), (0.56, 0.45), (0.63, 0.34), (0.6, 0.8)]],
}  # fmt: skip


def chromium():
    """Return the path of Chromium, or end with what to do: ``make test`` installs it where it may."""
    found = shutil.which("chromium")
    if found is None:
        pytest.exit("the tests of the report page need Chromium: install it with  sudo apt-get install chromium", 1)
    return found


@contextmanager
def browser():
    """Context manager: a browser without a window."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield started
        started.close()


class Board:
    """The drawing board of an open page: what a mouse, a finger or a keyboard does on it."""

    def __init__(self, page):
        self.page = page
        self.canvas = page.locator("#board")

    def show(self):
        """Bring the board into the middle of the window, and remember where it is."""
        self.canvas.evaluate("board => board.scrollIntoView({block: 'center'})")
        self.box = self.canvas.bounding_box()

    def place(self, point):
        x, y = point
        return self.box["x"] + x * self.box["width"], self.box["y"] + y * self.box["height"]

    def clear(self):
        self.canvas.press("Delete")

    def draw(self, strokes, after_move=lambda: None):
        """Draw by mouse."""
        self.show()
        for first, *rest in strokes:
            self.page.mouse.move(*self.place(first))
            self.page.mouse.down()
            for point in rest:
                self.page.mouse.move(*self.place(point))
                after_move()
            self.page.mouse.up()

    def touch(self, strokes, after_move=lambda: None):
        """Draw with a finger, through the browser's own touch events."""
        self.show()
        session = self.page.context.new_cdp_session(self.page)

        def send(kind, point=None):
            points = [] if point is None else [dict(zip("xy", self.place(point), strict=True))]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        for first, *rest in strokes:
            send("touchStart", first)
            for point in rest:
                send("touchMove", point)
                after_move()
            send("touchEnd")
        session.detach()

    def answer(self):
        """What the page says: the digit, and whether it warns."""
        verdict = self.page.locator(".verdict")
        return verdict.locator("strong").inner_text(), verdict.locator(".doubt").count() > 0


def of_each(page, function, images):
    """Call a function of ``window.glasswork`` for each image; return what it returns."""
    text = base64.b64encode(images.tobytes()).decode()
    return np.array(
        page.evaluate(
            """([name, text, size]) => {
            const all = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
            const image = (n) => all.subarray(n * size, (n + 1) * size);
            return Array.from({length: all.length / size}, (_, n) => glasswork[name](image(n)));
            }""",
            [function, text, images.shape[1]],
        )
    )
