-- What a search over requests looks up. It is derived from their files: rogatory search rebuild makes it
-- anew. Only grams are kept, without their places: a text cannot be put together from them again, and
-- all of them stand in clear in the files themselves.

-- +goose Up

CREATE TABLE search_request (
    doc        BIGINT PRIMARY KEY,
    request_id TEXT COLLATE "C" NOT NULL UNIQUE,
    opened     BIGINT NOT NULL,
    digest     BYTEA NOT NULL CHECK (length(digest) = 32),
    grams      TSVECTOR NOT NULL
);
CREATE INDEX search_grams ON search_request USING gin (grams);

-- The requests that are not over, in the order in which they are due. Who holds one follows from the
-- journal and stays when the rest, which follows from the files, is made anew.
CREATE TABLE queue (
    request_id TEXT COLLATE "C" PRIMARY KEY,
    waits      TEXT COLLATE "C" NOT NULL CHECK (waits IN ('draft', 'us', 'them', 'nobody')),
    turn       BIGINT NOT NULL, -- when the next deadline is due; without one far ahead, the last changed first
    author     TEXT COLLATE "C" NOT NULL,
    holder     TEXT COLLATE "C" NOT NULL,
    held_at    BIGINT NOT NULL
);
CREATE INDEX queue_turn ON queue (turn, request_id);
CREATE INDEX queue_waits ON queue (waits, turn, request_id);
CREATE INDEX queue_holder ON queue (waits, holder);
CREATE INDEX queue_held ON queue (holder) WHERE holder <> '';
CREATE INDEX queue_author ON queue (author, holder) WHERE waits = 'draft';
