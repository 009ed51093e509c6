-- What was put aside: until when, by whom and why. It comes back when the moment has passed, which nobody
-- writes down; a message brings it back before, and clears it.

-- +goose Up

ALTER TABLE queue ADD COLUMN aside INTEGER NOT NULL DEFAULT 0; -- never after turn
ALTER TABLE queue ADD COLUMN aside_by TEXT NOT NULL DEFAULT '';
ALTER TABLE queue ADD COLUMN aside_why TEXT NOT NULL DEFAULT '';
CREATE INDEX queue_aside ON queue (aside) WHERE aside <> 0;

-- How far a person has read the messages of a request: up to this entry of the journal.
CREATE TABLE seen (
    request_id  TEXT    NOT NULL,
    person      TEXT    NOT NULL,
    entry_index INTEGER NOT NULL,
    PRIMARY KEY (request_id, person)
) STRICT, WITHOUT ROWID;
