-- The first schema. There is no way down: a journal is not unmade.
-- Moments are microseconds since 1970 UTC, zero if not set. What was signed is a BLOB.

-- +goose Up

-- One row. The size is the only source of entry indexes: a sequence would leave holes.
CREATE TABLE journal_state (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    size INTEGER NOT NULL CHECK (size >= 0),
    root BLOB    NOT NULL CHECK (length(root) = 32)
) STRICT;
INSERT INTO journal_state (id, size, root)
VALUES (1, 0, x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');

CREATE TABLE journal_entry (
    entry_index INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    type        TEXT    NOT NULL,
    case_id     TEXT    NOT NULL,
    request_id  TEXT    NOT NULL,
    body        BLOB    NOT NULL,
    salt        BLOB    NOT NULL CHECK (length(salt) = 32),
    leaf        BLOB    NOT NULL CHECK (length(leaf) = 32)
) STRICT;
CREATE INDEX journal_entry_of_request ON journal_entry (request_id, entry_index) WHERE request_id <> '';

CREATE TABLE journal_hash (
    hash_index INTEGER PRIMARY KEY,
    hash       BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TABLE checkpoint (
    size       INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    root       BLOB    NOT NULL CHECK (length(root) = 32),
    note       BLOB    NOT NULL,
    stamp      BLOB    NOT NULL,
    stamped_at INTEGER NOT NULL
) STRICT;
CREATE INDEX checkpoint_stamped ON checkpoint (size) WHERE stamped_at <> 0;

CREATE TABLE request (
    id      TEXT PRIMARY KEY,
    case_id TEXT    NOT NULL,
    number  INTEGER NOT NULL,
    side    TEXT    NOT NULL,
    peer    TEXT    NOT NULL,
    kind    TEXT    NOT NULL,
    state   TEXT    NOT NULL,
    version INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    view    BLOB    NOT NULL,
    UNIQUE (case_id, number)
) STRICT;
CREATE INDEX request_updated ON request (updated, id);
CREATE INDEX request_state ON request (state, updated, id);
CREATE INDEX request_peer ON request (peer, updated, id);

CREATE TABLE peer (
    state      TEXT PRIMARY KEY,
    last_out   INTEGER NOT NULL DEFAULT 0,
    last_in    INTEGER NOT NULL DEFAULT 0,
    failures   INTEGER NOT NULL DEFAULT 0,
    open_until INTEGER NOT NULL DEFAULT 0,
    heard_at   INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE message (
    direction   TEXT    NOT NULL CHECK (direction IN ('in', 'out')),
    id          TEXT    NOT NULL,
    request_id  TEXT    NOT NULL,
    case_id     TEXT    NOT NULL,
    peer        TEXT    NOT NULL,
    sequence    INTEGER NOT NULL,
    act         TEXT    NOT NULL,
    digest      BLOB    NOT NULL CHECK (length(digest) = 32),
    at          INTEGER NOT NULL,
    entry_index INTEGER NOT NULL,
    applied     INTEGER NOT NULL CHECK (applied IN (0, 1)),
    refused     INTEGER NOT NULL CHECK (refused IN (0, 1)),
    container   BLOB    NOT NULL,
    receipt     BLOB    NOT NULL,
    PRIMARY KEY (direction, id),
    UNIQUE (peer, direction, sequence)
) STRICT;
CREATE INDEX message_of_request ON message (request_id, entry_index);
CREATE INDEX message_parked ON message (peer, sequence) WHERE direction = 'in' AND NOT applied;

-- A delivery is a legal record: what was sent, how often it was tried, how it ended. Never deleted.
CREATE TABLE outbox (
    message     TEXT PRIMARY KEY,
    peer        TEXT    NOT NULL REFERENCES peer (state),
    sequence    INTEGER NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('waiting', 'done', 'dead')),
    urgent      INTEGER NOT NULL CHECK (urgent IN (0, 1)),
    attempts    INTEGER NOT NULL,
    next_at     INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    fence       INTEGER NOT NULL,
    last_error  TEXT    NOT NULL,
    created     INTEGER NOT NULL,
    finished    INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_turn ON outbox (peer, urgent DESC, sequence) WHERE state = 'waiting';
CREATE INDEX outbox_due ON outbox (peer, next_at) WHERE state = 'waiting';
CREATE INDEX outbox_leased ON outbox (peer, lease_until) WHERE state = 'waiting' AND lease_until > 0;
CREATE INDEX outbox_waiting ON outbox (created, message) WHERE state = 'waiting';
CREATE INDEX outbox_done ON outbox (created, message) WHERE state = 'done';
CREATE INDEX outbox_dead ON outbox (created, message) WHERE state = 'dead';

CREATE TABLE deadline (
    request_id TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    due_at     INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('running', 'met', 'passed', 'stopped')),
    rule       TEXT    NOT NULL,
    PRIMARY KEY (request_id, name)
) STRICT;
CREATE INDEX deadline_due ON deadline (due_at) WHERE state = 'running';

CREATE TABLE exhibit (
    id         TEXT PRIMARY KEY,
    request_id TEXT    NOT NULL,
    case_id    TEXT    NOT NULL,
    direction  TEXT    NOT NULL CHECK (direction IN ('in', 'out')),
    state      TEXT    NOT NULL,
    root       BLOB    NOT NULL CHECK (length(root) = 32),
    version    INTEGER NOT NULL,
    view       BLOB    NOT NULL
) STRICT;
CREATE INDEX exhibit_of_request ON exhibit (request_id, id);
CREATE INDEX exhibit_root ON exhibit (root);
CREATE INDEX exhibit_state ON exhibit (state, id);

CREATE TABLE witnessed (
    origin TEXT PRIMARY KEY,
    size   INTEGER NOT NULL,
    root   BLOB    NOT NULL CHECK (length(root) = 32),
    note   BLOB    NOT NULL,
    at     INTEGER NOT NULL
) STRICT;

CREATE TABLE fork (
    digest  BLOB PRIMARY KEY,
    origin  TEXT    NOT NULL,
    seen    BLOB    NOT NULL,
    offered BLOB    NOT NULL,
    at      INTEGER NOT NULL
) STRICT;

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;
