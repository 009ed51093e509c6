-- Which requests name the same identifier: each form of it by a keyed digest, so that nobody who reads the
-- table can ask whether a person was ever asked about.

-- +goose Up

CREATE TABLE mark (
    digest     BLOB NOT NULL,
    request_id TEXT NOT NULL,
    PRIMARY KEY (digest, request_id)
) STRICT, WITHOUT ROWID;
