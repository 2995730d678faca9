"""Shapes as types: `Float[Tensor, "B T d"]` in a signature is documentation, and is checked while tests run.

The letters are those of the file: B samples, T tokens, d model width, H heads, D head width. Where jaxtyping is not
installed the same annotations stand for the array alone.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
else:
    try:
        from jaxtyping import Bool, Float, Int
    except ImportError:

        class Float:
            """Float[Tensor, shape] is Tensor."""

            def __class_getitem__(cls, item):
                return item[0]

        Bool = Int = Float

__all__ = ["Bool", "Float", "Int"]
