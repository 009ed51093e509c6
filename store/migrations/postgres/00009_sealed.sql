-- Under which key what cases say lies in the database. The columns are those of store/sealing.go; each value says by
-- which key it is sealed. Before this, all of them were in clear: key 0.

-- +goose Up

CREATE TABLE sealing (
    id     BIGINT PRIMARY KEY CHECK (id = 1),
    key    BIGINT NOT NULL CHECK (key >= 0), -- of what is written, and of the words of the search
    behind BIGINT NOT NULL CHECK (behind IN (0, 1)), -- not every row is brought under it yet
    mark   BYTEA  NOT NULL -- a word sealed under it, which tells whether a key is the right one
);
INSERT INTO sealing (id, key, behind, mark) VALUES (1, 0, 0, '');
