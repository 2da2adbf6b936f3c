"""Doubt: is an image like anything that the network was trained on?

image ──edges──► reference    how far away is the nearest of 2,000 training images?
      ──lines──► sceptic      does a second small network consider it a training image, or something else?
                 both together ⇒ strangeness; above 1 it is unlike anything that the network was trained on

strange, shapes, paint        things that are not training images, from which the sceptic learns
"""

from __future__ import annotations

from glasswork.models.doubt.reference import ReferenceSet

__all__ = ["ReferenceSet"]
