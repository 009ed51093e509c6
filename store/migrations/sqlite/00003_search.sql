-- What a search over requests looks up. It is derived from their files: rogatory search rebuild makes it
-- anew. Only grams are kept, without their places: a text cannot be put together from them again, and
-- all of them stand in clear in the files themselves.

-- +goose Up

CREATE TABLE search_request (
    doc        INTEGER PRIMARY KEY,
    request_id TEXT    NOT NULL UNIQUE,
    opened     INTEGER NOT NULL,
    digest     BLOB    NOT NULL CHECK (length(digest) = 32)
) STRICT;

-- Letters with marks, digits and the signs of a facet make a gram. Whose it is is the row's number.
CREATE VIRTUAL TABLE search_gram USING fts5 (
    grams,
    content = '', contentless_delete = 1, detail = 'none',
    tokenize = "ascii tokenchars ':_'"
);

-- The requests that are not over, in the order in which they are due. Who holds one follows from the
-- journal and stays when the rest, which follows from the files, is made anew.
CREATE TABLE queue (
    request_id TEXT PRIMARY KEY,
    waits      TEXT    NOT NULL CHECK (waits IN ('draft', 'us', 'them', 'nobody')),
    turn       INTEGER NOT NULL, -- when the next deadline is due; without one far ahead, the last changed first
    author     TEXT    NOT NULL,
    holder     TEXT    NOT NULL,
    held_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX queue_turn ON queue (turn, request_id);
CREATE INDEX queue_waits ON queue (waits, turn, request_id);
CREATE INDEX queue_holder ON queue (waits, holder);
CREATE INDEX queue_held ON queue (holder) WHERE holder <> '';
CREATE INDEX queue_author ON queue (author, holder) WHERE waits = 'draft';
