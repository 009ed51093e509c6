-- What a node holds for others: their journals, and what peers did that a journal cannot say. And how far a
-- peer's incarnations have come.

-- +goose Up

-- The public leaves of another State's journal, 256 to a row; the last row may be shorter.
CREATE TABLE mirror (
    origin TEXT COLLATE "C"    NOT NULL,
    tile   BIGINT NOT NULL CHECK (tile >= 0),
    leaves BYTEA    NOT NULL CHECK (length(leaves) % 32 = 0),
    PRIMARY KEY (origin, tile)
);

-- How far each mirror is whole and checked: the right edge of its tree.
CREATE TABLE mirrored (
    origin TEXT COLLATE "C" PRIMARY KEY,
    edge   BYTEA NOT NULL
);

-- A clone, or a witness that lied: with what proves it. Never deleted.
CREATE TABLE misconduct (
    digest BYTEA PRIMARY KEY CHECK (length(digest) = 32),
    kind   TEXT COLLATE "C"    NOT NULL,
    party  TEXT COLLATE "C"    NOT NULL,
    origin TEXT COLLATE "C"    NOT NULL,
    first  BYTEA    NOT NULL,
    second BYTEA    NOT NULL,
    at     BIGINT NOT NULL
);

ALTER TABLE peer ADD COLUMN incarnation BIGINT NOT NULL DEFAULT 0;
ALTER TABLE peer ADD COLUMN incarnation_from BIGINT NOT NULL DEFAULT 0; -- the number of its first message

CREATE INDEX journal_entry_lost ON journal_entry (entry_index) WHERE type = 'content.lost';
CREATE INDEX journal_entry_started ON journal_entry (entry_index) WHERE type = 'node.started';
