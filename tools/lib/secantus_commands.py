"""What SecantusDB does beside the work of each command, done once where the answer cannot have changed."""

import datetime
import uuid

import bson
import secantus_catalogue
from secantus import aggregate, server, sortkey, storage

Storage = storage.Storage
read_profile = Storage.get_profile
write_profile = Storage.set_profile
options_of_oplog = Storage.get_collection_options
begin_user_transaction = Storage.begin_user_transaction
close_user_session = Storage._close_user_txn_session
find_by_index = Storage._try_index_id_keys
rank_any = sortkey._rank

profiles = {}
"""What the profiler of each database is set to; asked for after each command, and set by nobody but this process."""


def get_profile(self, db):
    if db not in profiles:
        found = read_profile(self, db)
        with self._lock:
            # Whoever has set it meanwhile knows better.
            profiles.setdefault(db, found)
    return profiles[db]


def set_profile(self, db, *, level, slowms=100, sample_rate=1.0):
    with self._lock:
        write_profile(self, db, level=level, slowms=slowms, sample_rate=sample_rate)
        profiles[db] = {"level": int(level), "slowms": int(slowms), "sampleRate": float(sample_rate)}


def get_collection_options(self, db, coll):
    """What a collection was made with, without the lock of all who write: it is one row."""
    if self._is_oplog_rs(db, coll):
        return options_of_oplog(self, db, coll)
    self._refresh_read_snapshot()
    found = secantus_catalogue.options(self, db, coll) or {}
    stored = found.get("uuid")
    if isinstance(stored, bson.Binary) and len(stored) == 16:
        return {**found, "uuid": uuid.UUID(bytes=bytes(stored))}
    return dict(found)


def address(self):
    if self._socket is None:
        raise RuntimeError("server is not started")
    return self.host, self.port


ranks = {
    type(value): rank_any(value)
    for value in (
        *(None, True, 1, 1.5, "text", {}, [], b"bytes", bson.Int64(1), bson.ObjectId(), bson.Binary(b"")),
        *(datetime.datetime.now(datetime.UTC), bson.Timestamp(0, 0), bson.Decimal128("1")),
    )
}


def rank(value):
    """Where values of its type are in the order of BSON."""
    found = ranks.get(type(value))
    return rank_any(value) if found is None else found


idle_sessions = []
"""Sessions of transactions that have ended, each with its cursors: opening those took longer than most transactions."""


def begin_transaction(self):
    try:
        session, cursors = idle_sessions.pop()
    except IndexError:
        return begin_user_transaction(self)
    handle = storage.UserTransactionHandle(session)
    handle.cursors = cursors
    return handle


def end_session(self, handle):
    if handle.closed:
        return
    try:
        # Fails in a transaction that could not be rolled back: such a session is not used again.
        handle.session.reset()
    except Exception:
        close_user_session(self, handle)
        return
    handle.closed = True
    idle_sessions.append((handle.session, handle.cursors))


def found_by_index(self, db, coll, wanted, *, collation=None):
    """Records that may match. Who names the `_id` and more means one record, whatever index the other fields have."""
    if len(wanted) > 1 and type(wanted.get("_id")) in (bson.ObjectId, str):
        plain = not any(name.startswith("$") or isinstance(value, dict) for name, value in wanted.items())
        if plain and collation is None and not self._is_timeseries(db, coll):
            record = self._doc_recordid(db, coll, storage._id_key(wanted["_id"]))
            return [] if record is None else [record]
    return find_by_index(self, db, coll, wanted, collation=collation)


def union_with(spec, docs, ctx):
    """Adds what another collection has. Where the pipeline for that begins with fields that an index has, only those records
    are read, in the order in which all would be; that pipeline then chooses among them.
    """
    known = ctx.storage is not None and ctx.collation is None and ctx.db_name not in ("admin", "local")
    wanted = leading_fields(spec) if known else {}
    found = in_natural_order(ctx.storage, ctx.db_name, spec["coll"], wanted) if wanted else None
    if found is None:
        return union_with_all(spec, docs, ctx)
    inner = aggregate.PipelineContext(storage=ctx.storage, db_name=ctx.db_name, coll_name=spec["coll"])
    return [*docs, *aggregate.apply_pipeline(found, spec["pipeline"], inner)]


RANGE = {"$gt", "$gte", "$lt", "$lte"}


def leading_fields(spec):
    """The fields which the first stage of the pipeline wants to have one plain value, or a number within a range."""
    match spec:
        case {"coll": str(), "pipeline": [{"$match": dict() as first} as stage, *_]} if len(spec) == 2 and len(stage) == 1:
            if any(name.startswith("$") for name in first):
                return {}
            return {name: value for name, value in first.items() if is_plain(value) or is_range(value)}
    return {}


def is_plain(value):
    return type(value) in (bson.ObjectId, str)


def is_range(value):
    # Of numbers alone: by an index that goes down, no text is found that another one begins with.
    if type(value) is not dict or not value or not value.keys() <= RANGE:
        return False
    return all(type(bound) in (int, bson.Int64) for bound in value.values())


def in_natural_order(store, db, coll, wanted):
    with store._lock:
        store._refresh_read_snapshot()
        records = store._try_index_id_keys(db, coll, wanted)
        return None if records is None else store._docs_by_recordids(db, coll, sorted(set(records)))


union_with_all = aggregate._STAGES["$unionWith"]
STAGES = {"$unionWith": union_with}
REPLACED = (
    (
        Storage,
        {
            "get_profile": get_profile,
            "set_profile": set_profile,
            "get_collection_options": get_collection_options,
            "begin_user_transaction": begin_transaction,
            "_close_user_txn_session": end_session,
            "_try_index_id_keys": found_by_index,
        },
    ),
    (server.SecantusDBServer, {"address": property(address)}),
    (sortkey, {"_rank": rank}),
)
