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
