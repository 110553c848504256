"""Packages that Pyomo imports for its users and no part of the planner uses: put off until somebody
uses them.

As soon as SciPy and Pyomo are both there, Pyomo imports scipy.stats, scipy.integrate and
scipy.spatial, which takes a fifth of the time of a small plan. Only a process that is the planner's
own does this; in a program that imports `planner`, packages are that program's business.
"""

import importlib
import sys
from types import ModuleType

__all__ = ["postpone_imports"]

POSTPONED = ("scipy.stats", "scipy.integrate", "scipy.spatial")


def postpone_imports() -> None:
    """Put placeholders for POSTPONED where imports look first; what is there already stays."""
    for name in POSTPONED:
        if name not in sys.modules:
            sys.modules[name] = _PostponedModule(name)


class _PostponedModule(ModuleType):
    """Stands for a package until one of its names, or a part of it, is asked for."""

    def __getattr__(self, name: str) -> object:
        """Import the packages, whose modules import each other, and hand out a name.

        `__path__` is asked for when a module of the package is imported, other names of this kind
        by those who look through all modules.
        """
        if name.startswith("__") and name != "__path__":
            raise AttributeError(name)
        for one in POSTPONED:
            if isinstance(sys.modules.get(one), _PostponedModule):
                del sys.modules[one]
        return getattr(importlib.import_module(self.__name__), name)
