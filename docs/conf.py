"""How Sphinx builds the documentation: ``make docs`` runs it, without a network and with warnings as errors."""

import sys
from pathlib import Path

import glasswork

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "glasswork"
author = "The glasswork developers"
copyright = "the glasswork developers, MIT licence"  # noqa: A001
version = release = glasswork.__version__

extensions = [
    "myst_parser",  # pages in Markdown
    "sphinx.ext.autodoc",  # the API, from docstrings
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",  # examples in pages are run by make docs
    "sphinx.ext.viewcode",  # the source of each public name, beside it
    "numpydoc",  # docstrings as NumPy and scikit-learn write them
    "sphinx_design",  # cards and tabs
    "sphinx_copybutton",  # copies commands without their prompt
    "mathml",  # formulas as MathML: no script, no network
    "sphinx_gallery.gen_gallery",  # runs the examples in gallery/, and makes pages and notebooks of them
    "generated",  # tables of recipe keys and commands, from the program itself
]
templates_path = ["_templates"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build", "_ext", "_templates", "gallery", "lookup/generated/*.md"]
nitpicky = True
# Types of other libraries; the plain names of a docstring's own attributes; and base classes that are not public.
nitpick_ignore_regex = [(r"py:.*", r"(numpy|pathlib|typing|collections)\..*|glasswork\.[a-z_.]+\.[A-Z_]\w*")]

# Pages -----------------------------------------------------------------------------------------------

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "attrs_inline"]
myst_heading_anchors = 4
myst_links_external_new_tab = False
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True

# The API ---------------------------------------------------------------------------------------------

autosummary_generate = True
autosummary_imported_members = True
autodoc_typehints = "none"  # docstrings state types, in words
autodoc_preserve_defaults = True  # np.float32, not <class ...>
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
viewcode_follow_imported_members = True
default_role = "py:obj"
doctest_test_doctest_blocks = ""  # pages only: tests/test_docstrings.py runs the examples of docstrings

# The gallery -----------------------------------------------------------------------------------------

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "examples",  # the pages, written by sphinx-gallery; an example that fails stops the build
    "within_subsection_order": "gallery.Order",
    "image_scrapers": ("matplotlib", "gallery.figures"),
    "ignore_repr_types": r"glasswork\.figures|matplotlib",  # figures are shown, not described
    "doc_module": ("glasswork",),
    "backreferences_dir": None,
    "show_signature": False,
    "remove_config_comments": True,
    "write_computation_times": False,
}

# The look --------------------------------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = "glasswork"
html_static_path = ["_static"]
html_css_files = ["glasswork.css"]
html_math_renderer = "mathml"
html_context = {"default_mode": "auto"}
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "glasswork"},
    "navbar_align": "left",
    "show_toc_level": 2,
    "navigation_with_keys": True,
    "footer_start": ["copyright"],
    "footer_end": [],
    # Not beside the examples, whose code is wide.
    "secondary_sidebar_items": {f"{part}/**": ["page-toc"] for part in ("start", "learn", "do", "lookup")},
    "show_prev_next": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
