"""glasswork: neural networks that a person can read, run, see and trust, in plain NumPy.

The names that one imports from here are listed in ``__init__.pyi``. Each is loaded when it is first
used, so that ``import glasswork`` costs nothing.
"""

import lazy_loader

from glasswork.version import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
