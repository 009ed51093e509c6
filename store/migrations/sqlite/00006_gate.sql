-- What a node holds for others: their journals, and what peers did that a journal cannot say. And how far a
-- peer's incarnations have come.

-- +goose Up

-- The public leaves of another State's journal, 256 to a row; the last row may be shorter.
CREATE TABLE mirror (
    origin TEXT    NOT NULL,
    tile   INTEGER NOT NULL CHECK (tile >= 0),
    leaves BLOB    NOT NULL CHECK (length(leaves) % 32 = 0),
    PRIMARY KEY (origin, tile)
) STRICT, WITHOUT ROWID;

-- How far each mirror is whole and checked: the right edge of its tree.
CREATE TABLE mirrored (
    origin TEXT PRIMARY KEY,
    edge   BLOB NOT NULL
) STRICT;

-- A clone, or a witness that lied: with what proves it. Never deleted.
CREATE TABLE misconduct (
    digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
    kind   TEXT    NOT NULL,
    party  TEXT    NOT NULL,
    origin TEXT    NOT NULL,
    first  BLOB    NOT NULL,
    second BLOB    NOT NULL,
    at     INTEGER NOT NULL
) STRICT;

ALTER TABLE peer ADD COLUMN incarnation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE peer ADD COLUMN incarnation_from INTEGER NOT NULL DEFAULT 0; -- the number of its first message

CREATE INDEX journal_entry_lost ON journal_entry (entry_index) WHERE type = 'content.lost';
CREATE INDEX journal_entry_started ON journal_entry (entry_index) WHERE type = 'node.started';
