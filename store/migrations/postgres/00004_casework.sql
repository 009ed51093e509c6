-- What was put aside: until when, by whom and why. It comes back when the moment has passed, which nobody
-- writes down; a message brings it back before, and clears it.

-- +goose Up

ALTER TABLE queue ADD COLUMN aside BIGINT NOT NULL DEFAULT 0; -- never after turn
ALTER TABLE queue ADD COLUMN aside_by TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE queue ADD COLUMN aside_why TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX queue_aside ON queue (aside) WHERE aside <> 0;

-- How far a person has read the messages of a request: up to this entry of the journal.
CREATE TABLE seen (
    request_id  TEXT COLLATE "C" NOT NULL,
    person      TEXT COLLATE "C" NOT NULL,
    entry_index BIGINT NOT NULL,
    PRIMARY KEY (request_id, person)
);
