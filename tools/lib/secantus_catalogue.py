"""What SecantusDB reads of its catalogue, kept as long as it cannot be anything else; it reads it up to ten times a command.

A session of WiredTiger sees one state of the data until it asks for the newest one or a transaction ends, and nothing changes
in that state but by what the session writes. So at each of these what it has read is forgotten, and after the last two
nothing is kept until the session asks for the newest state or begins a transaction.
"""

import functools
import sys

import bson
from secantus import storage

swig_wiredtiger = sys.modules["swig_wiredtiger"]


class Indexes:
    """The indexes of a collection, as each of those who ask wants them; they read it, and copy what they change."""

    def __init__(self, rows):
        self.rows = []
        for name, value in rows:
            stored = bson.decode(value)
            self.rows.append((name.decode(), stored.get("key", {}), stored.get("options", {})))
        self.flags = [(name, key, bool(o.get("sparse")), bool(o.get("unique"))) for name, key, o in self.rows]
        self.options = {name: options for name, _, options in self.rows}
        self.multikey = {name for name, options in self.options.items() if options.get("multikey")}
        partial = {name: options.get("partialFilterExpression") for name, options in self.options.items()}
        self.partial = {name: wanted for name, wanted in partial.items() if wanted}


# The same bytes are decoded once, whoever reads them.
indexes_of = functools.lru_cache(maxsize=4_096)(Indexes)
options_of = functools.lru_cache(maxsize=4_096)(bson.decode)


def kept_by_session(read):
    """Reads again only what the session may see changed."""

    def kept(self, db, coll):
        session = self._session()
        if session.kept is None:
            return read(self, db, coll)
        key = (read, db, coll)
        if key not in session.kept:
            session.kept[key] = read(self, db, coll)
        return session.kept[key]

    return kept


@kept_by_session
def indexes(self, db, coll):
    """The indexes of a collection, but for that of `_id`, which has no row."""
    cursor = self._cursor(storage._IDX_TABLE)
    prefix = f"{db}\0{coll}\0".encode()
    set_key(cursor, prefix + b"\0")
    found = cursor.search_near()
    rows = []
    if found != storage.wt.WT_NOTFOUND and (found >= 0 or cursor.next() == 0):
        while (key := cursor._get_key()).startswith(prefix):
            rows.append((key[len(prefix) : -1], cursor._get_value()))
            if cursor.next() != 0:
                break
    return indexes_of(tuple(rows))


@kept_by_session
def options(self, db, coll):
    """What a collection was made with; `None` where there is no such collection."""
    cursor = self._cursor(storage._COLL_TABLE)
    set_key(cursor, f"{db}\0{coll}\0".encode())
    if cursor.search() != 0:
        return None
    stored = cursor._get_value()
    return options_of(stored) if stored else {}


def set_key(cursor, packed):
    # WiredTiger points to these bytes: they have to stay.
    cursor._key = packed
    cursor._set_key(packed)


def coll_options(self, db, coll):
    found = options(self, db, coll)
    return found if found is None else dict(found)


def forgets(method, kept):
    """This method of a session, which has `kept` after it, and nothing in it."""

    @functools.wraps(method)
    def forgetting(self, *args):
        try:
            return method(self, *args)
        finally:
            self.kept = kept()

    return forgetting


class CatalogueCursor(swig_wiredtiger.Cursor):
    """A cursor of the catalogue; what it writes makes its session read again."""

    def insert(self):
        self.of_session.kept = None
        return super().insert()

    def update(self):
        self.of_session.kept = None
        return super().update()

    def remove(self):
        self.of_session.kept = None
        return super().remove()


def cursor(self, table, *, overwrite=True):
    session = self._session()
    cursors = self._tls.cursors
    key = (table, overwrite)
    if key in cursors:
        cursors[key].reset()
        return cursors[key]
    opened = session.open_cursor(table, None, None if overwrite else "overwrite=false")
    if table in (storage._COLL_TABLE, storage._IDX_TABLE):
        opened.__class__ = CatalogueCursor
        opened.of_session = session
    cursors[key] = opened
    return opened


session = swig_wiredtiger.Session
session.kept = None
REPLACED = (
    (
        session,
        {
            **{name: forgets(getattr(session, name), dict) for name in ("begin_transaction", "reset_snapshot")},
            **{
                name: forgets(getattr(session, name), lambda: None)
                for name in ("commit_transaction", "rollback_transaction", "reset")
            },
        },
    ),
    (
        storage.Storage,
        {
            "_cursor": cursor,
            "_coll_options": coll_options,
            "_iter_indexes": lambda self, db, coll: iter(indexes(self, db, coll).rows),
            "_all_indexes": lambda self, db, coll: indexes(self, db, coll).flags,
            "_partial_filters": lambda self, db, coll: indexes(self, db, coll).partial,
            "_index_options_map": lambda self, db, coll: indexes(self, db, coll).options,
            "_multikey_index_names": lambda self, db, coll: set(indexes(self, db, coll).multikey),
        },
    ),
)
