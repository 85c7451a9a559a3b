"""Starts SecantusDB (its version is pinned), and has it do less work for the same answers where its data is thrown away.

Reading and writing keys of WiredTiger in Python, and reading what indexes a collection has several times a command, took a
third of the server's processor time. What is replaced here and in the files beside it gives the same results, and leaves to
what it replaces whatever it does not know. The start ends at once when a method has gone, or packs otherwise.
"""

import functools
import gc
import itertools
import sys
import time

import secantus_geometry

THROW_AWAY = "--throw-away" in sys.argv
if THROW_AWAY:
    # Before the server is imported.
    secantus_geometry.load_later()

import secantus_catalogue
import secantus_commands
from secantus import aggregate, storage, transactions
from secantus.cli import main
from wiredtiger.intpacking import pack_int, unpack_int
from wiredtiger.packing import pack as pack_any
from wiredtiger.packing import unpack as unpack_any

# What its generated code is called within, though nothing can import it under this name before the package.
swig_wiredtiger = sys.modules["swig_wiredtiger"]

SIMPLE_FORMATS = frozenset({"q", "u", "S", "SS", "SSS", "SSq", "SSu", "SSSu"})
"""Formats of the tables: texts, each ended by a zero byte, and at the end a number or bytes."""


def pack(fmt, *values):
    """What WiredTiger stores for these values."""
    if fmt not in SIMPLE_FORMATS or len(values) != len(fmt):
        return pack_any(fmt, *values)
    packed = b""
    for kind, value in zip(fmt, values):
        if kind == "q":
            packed += pack_int(value)
        elif kind == "S" and type(value) is str and "\0" not in value:
            packed += value.encode() + b"\0"
        elif kind == "u" and type(value) is bytes:
            packed += value
        else:
            return pack_any(fmt, *values)
    return packed


def unpack(fmt, packed):
    """The values of what WiredTiger stores."""
    if fmt == "u" and packed is not None:
        return [packed]
    if fmt == "q":
        return [unpack_int(packed)[0]]
    if fmt not in SIMPLE_FORMATS or packed is None:
        return unpack_any(fmt, packed)
    texts = fmt.count("S")
    *values, rest = packed.split(b"\0", texts)
    if len(values) != texts:
        return unpack_any(fmt, packed)
    values = [value.decode() for value in values]
    if fmt.endswith("q"):
        values.append(unpack_int(rest)[0])
    elif fmt.endswith("u"):
        values.append(rest)
    return values


def at_most_once_a_second(prune):
    """For what walks through everything to see what is older than a minute, at each write."""

    done = f"done by {prune.__name__}"

    @functools.wraps(prune)
    def pruned(self):
        now = time.monotonic()
        if now - getattr(self, done, 0) < 1:
            return 0
        setattr(self, done, now)
        return prune(self)

    return pruned


def replace(owner, **functions):
    for name, function in functions.items():
        getattr(owner, name)
        setattr(owner, name, function)


def require_same_packing():
    """Data that the server has written without these functions is read with them, and the other way round."""
    samples = {
        "S": ["", "a", "é/😀", "a\0b"],
        "u": [b"", b"\0", b"a\0b\xff"],
        "q": [-(2**40), -8257, -65, -64, -1, 0, 63, 64, 8255, 8256, 2**40],
    }
    for fmt in SIMPLE_FORMATS:
        for values in itertools.product(*(samples[kind] for kind in fmt)):
            packed = pack_any(fmt, *values)
            if pack(fmt, *values) != packed or unpack(fmt, packed) != unpack_any(fmt, packed):
                sys.exit(f"This WiredTiger packs {values} as {fmt} in another way.")


def make_faster():
    registry = transactions.TransactionRegistry
    replace(swig_wiredtiger, pack=pack, unpack=unpack)
    for owner, functions in (*secantus_catalogue.REPLACED, *secantus_commands.REPLACED):
        replace(owner, **functions)
    aggregate._STAGES.update(secantus_commands.STAGES)
    commit = storage._commit_batch_transaction
    # A write that asks for it is on the disk before its answer; data that is thrown away need not be.
    replace(storage, _commit_batch_transaction=lambda session, sync: commit(session, False))
    replace(
        registry,
        _prune_locked=at_most_once_a_second(registry._prune_locked),
        _prune_retryable_locked=at_most_once_a_second(registry._prune_retryable_locked),
    )


def collect_garbage_less_often():
    """Python counts what is made and not yet freed, and walks through it every 700 objects; a command makes thousands, few
    of them in cycles. Looking every 200,000 saves the server about a twelfth of its processor time. What was loaded at the
    start stays and is never looked at.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)


if __name__ == "__main__":
    if THROW_AWAY:
        sys.argv.remove("--throw-away")
        require_same_packing()
        make_faster()
    collect_garbage_less_often()
    sys.argv[0] = "secantusd-py"
    sys.exit(main())
