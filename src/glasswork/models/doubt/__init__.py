"""Doubt: is an image like anything that a network was trained on?

image ──edges──► reference    how far is it from the nearest of 2,000 training images?
      ──lines──► sceptic      does a second small network take it for a training image, or for something else?
                 both together ⇒ strangeness; beyond 1 it is unlike anything the network was trained on

strange, figures, paint       things that are no training images: what the sceptic learns from
"""

from __future__ import annotations

from glasswork.models.doubt.reference import ReferenceSet

__all__ = ["ReferenceSet"]
