"""The tables that a kernel works from: a row for each layer, operation and trained array, and a run's settings.

    layers      kind, widths, and where its arrays are      ┐
    operations  the work on the batch, in stages            ├──►  kernel
    updates     a parameter, its gradient, its moments      │
    run         batch, loss, rule, and the step's numbers   ┘

Arrays are given by the address of their first number: all of the same dtype, contiguous, ``(batch, features)``.
"""

from __future__ import annotations

import numpy as np

_ADDRESS = _INTEGER = np.int64

#: A layer. ``x`` and ``y`` are its input and output, ``dx`` and ``dy`` the loss's gradients with respect to them;
#: addresses are equal where one overwrites the other.
LAYER = np.dtype(
    [
        ("kind", _INTEGER),  # Kind
        ("inputs", _INTEGER),
        ("outputs", _INTEGER),
        ("x", _ADDRESS),
        ("y", _ADDRESS),
        ("dx", _ADDRESS),
        ("dy", _ADDRESS),
        ("weight", _ADDRESS),  # of batch normalisation: gamma
        ("bias", _ADDRESS),  # beta
        ("grad_weight", _ADDRESS),
        ("grad_bias", _ADDRESS),
        ("divides_bias", _INTEGER),  # whether the bias gradient is the handout's mean
        ("mask", _ADDRESS),  # dropout's
        ("mean", _ADDRESS),  # batch normalisation's, of this batch
        ("scale", _ADDRESS),
        ("running_mean", _ADDRESS),
        ("running_variance", _ADDRESS),
        ("seed", np.uint64),  # of masks and noise
        ("index", _INTEGER),
        ("step", _INTEGER),
        ("row", _INTEGER),
        ("constant", np.float64),  # slope, momentum, standard deviation, offset, or parts of 65,536 that are dropped
        ("factor", np.float64),  # of a Scale: 1 / spread
    ],
    align=True,
)

#: The operations of a step on the batch, in order: see `glasswork.engine.compiled.program`.
OPERATION = np.dtype([("what", _INTEGER), ("layer", _INTEGER), ("by", _INTEGER)], align=True)

#: The operations between two meetings of the threads.
STAGE = np.dtype([("begin", _INTEGER), ("end", _INTEGER)], align=True)

#: An array that a step changes.
UPDATE = np.dtype(
    [
        ("role", _INTEGER),  # Role
        ("layer", _INTEGER),
        ("rows", _INTEGER),
        ("columns", _INTEGER),
        ("decays", _INTEGER),
        ("parameter", _ADDRESS),
        ("gradient", _ADDRESS),
        ("means", _ADDRESS),  # the rule's moments: means or velocities, and squares
        ("squares", _ADDRESS),
        ("average", _ADDRESS),  # 0 for none
    ],
    align=True,
)

#: The one row of settings.
RUN = np.dtype(
    [
        ("work", _ADDRESS),  # the function that does a part of a task
        ("task", _INTEGER),  # Task: what the threads do now, with the operations begin to end, in a step of the call
        ("begin", _INTEGER),
        ("end", _INTEGER),
        ("step", _INTEGER),
        ("layers", _ADDRESS),  # the other tables
        ("layer_count", _INTEGER),
        ("operations", _ADDRESS),
        ("stages", _ADDRESS),
        ("stage_count", _INTEGER),
        ("updates", _ADDRESS),
        ("update_count", _INTEGER),
        ("parts", _INTEGER),  # that a task is divided into
        ("alone", _INTEGER),  # whether one thread does all of them
        ("gemm", _ADDRESS),  # BLAS's function
        ("batch", _INTEGER),  # images in a batch
        ("features", _INTEGER),
        ("classes", _INTEGER),
        ("count", _INTEGER),  # images to predict, and where their scores go
        ("result", _ADDRESS),
        ("source", _INTEGER),  # Source: what the images are
        ("images", _ADDRESS),
        ("order", _ADDRESS),  # rows of the images, int64, batch after batch
        ("labels", _ADDRESS),  # int64, of all images; 0 if there are targets instead
        ("given_targets", _ADDRESS),
        ("weights", _ADDRESS),  # float64, of all images; 0 if all are 1
        ("x", _ADDRESS),  # the batch
        ("targets", _ADDRESS),
        ("scores", _ADDRESS),
        ("grad_scores", _ADDRESS),
        ("scratch", _ADDRESS),  # a block of gradients or noise for each part
        ("scratch_length", _INTEGER),
        ("words", _ADDRESS),  # random words for each part
        ("words_length", _INTEGER),
        ("sums", _ADDRESS),  # float64, one for each part: the loss, or squares of gradients
        ("loss", _INTEGER),  # LossKind
        ("smoothing", np.float64),
        ("rule", _INTEGER),  # Rule
        ("momentum", np.float64),
        ("beta1", np.float64),
        ("beta2", np.float64),  # RMSprop: alpha
        ("epsilon", np.float64),
        ("decay", np.float64),
        ("clip_norm", np.float64),  # 0 for none
        ("max_norm", np.float64),  # 0 for none
        ("averages", _INTEGER),  # whether there is an average of the weights
        ("steps", _INTEGER),  # taken before this one
        ("lr", np.float64),  # this and the next four: of the current step
        ("share", np.float64),  # of the new weights in the average
        ("clip", np.float64),  # factor of the gradients
        ("mean", np.float64),  # Adam's corrections
        ("root", np.float64),
    ],
    align=True,
)

#: The sums of two threads are this many numbers apart, so that they do not share a cache line.
APART = 8

#: Numbers of a weight array in one block. Each block packs the gradients dy again, so few blocks are better; the update
#: follows while the block is still in the last-level cache.
BLOCK = 524_288

#: The fewest rows in a block, so that a product in wide layers is worth its call.
FEWEST_ROWS = 32
