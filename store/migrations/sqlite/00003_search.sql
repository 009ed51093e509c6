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
