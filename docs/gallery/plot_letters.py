"""
How do I train on my own pictures, say letters, in place of MNIST?
==================================================================

Put the pictures of each class into a folder of its own. That is all: glasswork reads PNG, JPEG and many other formats.
Here we draw our own pictures, the letters A to Z in the fonts that come with matplotlib, and ask a question that
matters more than the format: does the network know letters, or only these fonts?
"""

import tempfile
from pathlib import Path
from string import ascii_uppercase

import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from glasswork import MLP, AdamW, CrossEntropyLoss, ReLU, figures, fit, load_dataset, split, test

# %%
# Draw the pictures
# -----------------
# Each letter is drawn in each font several times, a little larger or smaller, turned and moved.

rng = np.random.default_rng(1)
fonts = sorted(Path(mpl.get_data_path(), "fonts", "ttf").glob("DejaVu*.ttf"))
fonts = [font for font in fonts if "Display" not in font.stem]
folder = Path(tempfile.mkdtemp())


def draw(letter, font, path):
    """Draw a letter with a font, in black on white, and save it."""
    picture = Image.new("L", (28, 28), 255)
    face = ImageFont.truetype(str(font), int(rng.integers(18, 23)))
    middle = tuple(14.5 + rng.uniform(-1, 1, 2))
    ImageDraw.Draw(picture).text(middle, letter, fill=0, font=face, anchor="mm")
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.rotate(rng.uniform(-10, 10), Image.Resampling.BICUBIC, fillcolor=255).save(path)


unseen = [font for font in fonts if "SansMono" in font.stem]
for font in fonts:
    kind = "unseen" if font in unseen else "letters"
    for letter in ascii_uppercase:
        for number in range(10):
            draw(letter, font, folder / kind / letter / f"{font.stem}-{number}.png")
print(f"{len(fonts) - len(unseen)} fonts to learn from, {len(unseen)} that the network never sees")

# %%
# Train on them
# -------------
# ``glasswork train relu --data letters/`` would do. In Python, the dataset is split into three parts. Nearly all pixels
# are white paper, the same in all pictures; batch normalisation takes out what all have in common.

letters = load_dataset(folder / "letters")
print(letters)
parts = split(letters)
model = MLP(28 * 28, 100, 26, activation=ReLU, output_activation=None, batch_norm=True, seed=1)
optimizer = AdamW(model.parameters(), model.gradients(), lr=0.002)
for epoch in fit(model, parts.train, parts.valid, optimizer, CrossEntropyLoss(), epochs=20):
    if epoch.epoch % 5 == 0:
        print(
            f"epoch {epoch.epoch}: {epoch.valid_accuracy:.1f} % of the validation images are read"
        )
figures.digits(letters)

# %%
# Does it know letters?
# ---------------------
# The test images of a random split are from the same fonts as the training images. So their accuracy says how good the
# network is at *these fonts*. Pictures in fonts that it has never seen say how good it is at letters. The figure shows
# which letters it confuses there.

others = load_dataset(folder / "unseen")
known, new = test(model, parts.test), test(model, others)
print(f"fonts that it has seen: {known:.1f} % right; other fonts: {new:.1f} %")
assert known > new
answers = model.predict(others.images)
figures.confusion(others.labels, answers, classes=letters.classes, title="In fonts never seen")

# %%
# It is the same with handwriting: if you want to know how well the digits of *other people* are read, divide the
# pictures by writer, not at random.
