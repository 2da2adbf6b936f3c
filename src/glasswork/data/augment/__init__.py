"""Augmentation: every epoch sees every training image a little differently, so the network learns what does not matter.

    kind          what it does                                        file            source
    variants      slashes 0, flags and foots 1, hooks 9               variants.py     how people write
    thickness     makes strokes thicker or thinner                    thickness.py    morphology: Serra 1982
    affine        turns, scales, shears and shifts                    affine.py       Simard 2003; Cireşan 2010
    elastic       moves every pixel along a smooth field              elastic.py      Simard 2003
    noise         adds a random number to every pixel                 noise.py
    erasing       makes a rectangle ground                            erasing.py      Zhong 2020

They are done in this order. What is done to an image in an epoch is a function of ``(seed, epoch, index)``. Affine and
elastic distortions only say where each pixel is sampled, so the image is sampled once, from bytes to the network's
input: sampling.py. Settings are in settings.py, and distortion.py applies them to the images of a batch. Only training
sees distorted images.
"""

from glasswork.data.augment.distortion import Distortion, check_images
from glasswork.data.augment.sampling import Sample, sample
from glasswork.data.augment.settings import Augmentation

__all__ = ["Augmentation", "Distortion", "Sample", "check_images", "sample"]
