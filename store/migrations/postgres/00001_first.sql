-- The first schema. There is no way down: a journal is not unmade.
-- Moments are microseconds since 1970 UTC, zero if not set. What was signed is BYTEA. Text is
-- ordered by bytes, as on SQLite.

-- +goose Up

-- One row. The size is the only source of entry indexes: a sequence would leave holes.
CREATE TABLE journal_state (
    id   BIGINT PRIMARY KEY CHECK (id = 1),
    size BIGINT NOT NULL CHECK (size >= 0),
    root BYTEA NOT NULL CHECK (length(root) = 32)
);
INSERT INTO journal_state (id, size, root)
VALUES (1, 0, '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');

CREATE TABLE journal_entry (
    entry_index BIGINT PRIMARY KEY,
    at          BIGINT NOT NULL,
    type        TEXT COLLATE "C" NOT NULL,
    case_id     TEXT COLLATE "C" NOT NULL,
    request_id  TEXT COLLATE "C" NOT NULL,
    body        BYTEA NOT NULL,
    salt        BYTEA NOT NULL CHECK (length(salt) = 32),
    leaf        BYTEA NOT NULL CHECK (length(leaf) = 32)
);
CREATE INDEX journal_entry_of_request ON journal_entry (request_id, entry_index) WHERE request_id <> '';

CREATE TABLE journal_hash (
    hash_index BIGINT PRIMARY KEY,
    hash       BYTEA NOT NULL CHECK (length(hash) = 32)
);

CREATE TABLE checkpoint (
    size       BIGINT PRIMARY KEY,
    at         BIGINT NOT NULL,
    root       BYTEA NOT NULL CHECK (length(root) = 32),
    note       BYTEA NOT NULL,
    stamp      BYTEA NOT NULL,
    stamped_at BIGINT NOT NULL
);
CREATE INDEX checkpoint_stamped ON checkpoint (size) WHERE stamped_at <> 0;

CREATE TABLE request (
    id      TEXT COLLATE "C" PRIMARY KEY,
    case_id TEXT COLLATE "C" NOT NULL,
    number  BIGINT NOT NULL,
    side    TEXT COLLATE "C" NOT NULL,
    peer    TEXT COLLATE "C" NOT NULL,
    kind    TEXT COLLATE "C" NOT NULL,
    state   TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    view    BYTEA NOT NULL,
    UNIQUE (case_id, number)
);
CREATE INDEX request_updated ON request (updated, id);
CREATE INDEX request_state ON request (state, updated, id);
CREATE INDEX request_peer ON request (peer, updated, id);

CREATE TABLE peer (
    state      TEXT COLLATE "C" PRIMARY KEY,
    last_out   BIGINT NOT NULL DEFAULT 0,
    last_in    BIGINT NOT NULL DEFAULT 0,
    failures   BIGINT NOT NULL DEFAULT 0,
    open_until BIGINT NOT NULL DEFAULT 0,
    heard_at   BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE message (
    direction   TEXT COLLATE "C" NOT NULL CHECK (direction IN ('in', 'out')),
    id          TEXT COLLATE "C" NOT NULL,
    request_id  TEXT COLLATE "C" NOT NULL,
    case_id     TEXT COLLATE "C" NOT NULL,
    peer        TEXT COLLATE "C" NOT NULL,
    sequence    BIGINT NOT NULL,
    act         TEXT COLLATE "C" NOT NULL,
    digest      BYTEA NOT NULL CHECK (length(digest) = 32),
    at          BIGINT NOT NULL,
    entry_index BIGINT NOT NULL,
    applied     BOOLEAN NOT NULL,
    refused     BOOLEAN NOT NULL,
    container   BYTEA NOT NULL,
    receipt     BYTEA NOT NULL,
    PRIMARY KEY (direction, id),
    UNIQUE (peer, direction, sequence)
);
CREATE INDEX message_of_request ON message (request_id, entry_index);
CREATE INDEX message_parked ON message (peer, sequence) WHERE direction = 'in' AND NOT applied;

-- A delivery is a legal record: what was sent, how often it was tried, how it ended. Never deleted.
CREATE TABLE outbox (
    message     TEXT COLLATE "C" PRIMARY KEY,
    peer        TEXT COLLATE "C" NOT NULL REFERENCES peer (state),
    sequence    BIGINT NOT NULL,
    state       TEXT COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'done', 'dead')),
    urgent      BOOLEAN NOT NULL,
    attempts    BIGINT NOT NULL,
    next_at     BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    fence       BIGINT NOT NULL,
    last_error  TEXT COLLATE "C" NOT NULL,
    created     BIGINT NOT NULL,
    finished    BIGINT NOT NULL
);
CREATE INDEX outbox_turn ON outbox (peer, urgent DESC, sequence) WHERE state = 'waiting';
CREATE INDEX outbox_due ON outbox (peer, next_at) WHERE state = 'waiting';
CREATE INDEX outbox_leased ON outbox (peer, lease_until) WHERE state = 'waiting' AND lease_until > 0;
CREATE INDEX outbox_waiting ON outbox (created, message) WHERE state = 'waiting';
CREATE INDEX outbox_done ON outbox (created, message) WHERE state = 'done';
CREATE INDEX outbox_dead ON outbox (created, message) WHERE state = 'dead';

CREATE TABLE deadline (
    request_id TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    due_at     BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    state      TEXT COLLATE "C" NOT NULL CHECK (state IN ('running', 'met', 'passed', 'stopped')),
    rule       TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (request_id, name)
);
CREATE INDEX deadline_due ON deadline (due_at) WHERE state = 'running';

CREATE TABLE exhibit (
    id         TEXT COLLATE "C" PRIMARY KEY,
    request_id TEXT COLLATE "C" NOT NULL,
    case_id    TEXT COLLATE "C" NOT NULL,
    direction  TEXT COLLATE "C" NOT NULL CHECK (direction IN ('in', 'out')),
    state      TEXT COLLATE "C" NOT NULL,
    root       BYTEA NOT NULL CHECK (length(root) = 32),
    version    BIGINT NOT NULL,
    view       BYTEA NOT NULL
);
CREATE INDEX exhibit_of_request ON exhibit (request_id, id);
CREATE INDEX exhibit_root ON exhibit (root);
CREATE INDEX exhibit_state ON exhibit (state, id);

CREATE TABLE witnessed (
    origin TEXT COLLATE "C" PRIMARY KEY,
    size   BIGINT NOT NULL,
    root   BYTEA NOT NULL CHECK (length(root) = 32),
    note   BYTEA NOT NULL,
    at     BIGINT NOT NULL
);

CREATE TABLE fork (
    digest  BYTEA PRIMARY KEY,
    origin  TEXT COLLATE "C" NOT NULL,
    seen    BYTEA NOT NULL,
    offered BYTEA NOT NULL,
    at      BIGINT NOT NULL
);

CREATE TABLE setting (
    name  TEXT COLLATE "C" PRIMARY KEY,
    value BYTEA NOT NULL
);
