"""Augmentation: every epoch sees every training image a little differently, so the network learns what does not matter.

    kind        what it does                              file          source
    affine      turns, scales, shears and shifts          affine.py     Simard et al. 2003; Cireşan et al. 2010
    elastic     moves every pixel along a smooth field    elastic.py    Simard et al. 2003

All kinds of an image in an epoch are functions of ``(seed, epoch, index)``. Affine and elastic distortions only say
where each pixel is sampled, so the image is sampled once, from bytes to the network's input: sampling.py. Settings are
in settings.py, and distortion.py applies them to the images of a batch. Only training sees distorted images.
"""

from glasswork.data.augment.distortion import Distortion, check_images
from glasswork.data.augment.sampling import Sample, sample
from glasswork.data.augment.settings import Augmentation

__all__ = ["Augmentation", "Distortion", "Sample", "check_images", "sample"]
