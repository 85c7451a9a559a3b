"""Has SecantusDB load shapely, and numpy with it, when it meets the first geometry: they took half of the time of its imports."""

import importlib
import sys
import threading
import types

CLASSES = {
    "shapely.geometry": ("LineString", "MultiLineString", "MultiPoint", "MultiPolygon", "Point", "Polygon"),
    "shapely.geometry.base": ("BaseGeometry",),
}
loading = threading.RLock()
standing_in = {}
"""What stands in for a class, until there is one, by the module and the name of that."""


class Later(type):
    """Stands in for a class of shapely: who makes one or asks for its kind gets what the class itself says."""

    def __call__(cls, *args, **kwargs):
        return itself(cls)(*args, **kwargs)

    def __instancecheck__(cls, value):
        return isinstance(value, itself(cls))


def itself(stand_in):
    with loading:
        if standing_in:
            load()
    return getattr(sys.modules[stand_in.__module__], stand_in.__name__)


def load():
    for name in ("shapely", "shapely.errors", *CLASSES):
        del sys.modules[name]
    for name, module in list(sys.modules.items()):
        if name.startswith("secantus."):
            for (home, of), stand_in in standing_in.items():
                if vars(module).get(of) is stand_in:
                    setattr(module, of, getattr(importlib.import_module(home), of))
    standing_in.clear()


def load_later():
    for home, names in CLASSES.items():
        for name in names:
            standing_in[home, name] = Later(name, (), {"__module__": home})
    # An exception is caught by what it is, so this one is none that anybody raises; it goes with the others.
    standing_in["shapely.errors", "GEOSException"] = type("GEOSException", (Exception,), {})
    for home in ("shapely", "shapely.errors", *CLASSES):
        sys.modules[home] = module = types.ModuleType(home)
        module.__path__ = []
        vars(module).update({name: held for (of, name), held in standing_in.items() if of == home})
    sys.modules["shapely"].wkt = None
