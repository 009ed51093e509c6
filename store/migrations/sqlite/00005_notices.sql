-- What people of the office are told, as each has chosen: nothing without a choice. A view is the choice as package
-- notice wrote it. Moments are microseconds since 1970 UTC, zero if not set.

-- +goose Up

CREATE TABLE notice_choice (
    person  TEXT PRIMARY KEY,
    changed INTEGER NOT NULL,
    view    BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

-- The number is the person's own, counted from 1: it is all that leaves the office. The key names what happened, once.
-- told is when it was put into a notice or dropped; page is that notice, empty if it was dropped.
CREATE TABLE notice_item (
    person     TEXT    NOT NULL,
    number     INTEGER NOT NULL,
    request_id TEXT    NOT NULL,
    sort       TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    told       INTEGER NOT NULL,
    page       TEXT    NOT NULL,
    PRIMARY KEY (person, number),
    UNIQUE (person, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_item_waits ON notice_item (person, number) WHERE told = 0;
CREATE INDEX notice_item_of_page ON notice_item (page) WHERE page <> '';

-- A notice to a person, of one or more items; its attempts are rows of page_delivery. due_at is when it is tried next, zero when it is over.
CREATE TABLE notice_page (
    page     TEXT PRIMARY KEY,
    person   TEXT    NOT NULL,
    channels TEXT    NOT NULL, -- names, parted by spaces
    test     INTEGER NOT NULL CHECK (test IN (0, 1)),
    made     INTEGER NOT NULL,
    due_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_page_due ON notice_page (due_at, page) WHERE due_at > 0;
CREATE INDEX notice_page_of ON notice_page (person, made DESC);
CREATE INDEX notice_page_made ON notice_page (made DESC, page);
