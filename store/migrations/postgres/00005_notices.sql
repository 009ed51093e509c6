-- What people of the office are told, as each has chosen: nothing without a choice. A view is the choice as package
-- notice wrote it. Moments are microseconds since 1970 UTC, zero if not set.

-- +goose Up

CREATE TABLE notice_choice (
    person  TEXT COLLATE "C" PRIMARY KEY,
    changed BIGINT NOT NULL,
    view    BYTEA   NOT NULL
);

-- The number is the person's own, counted from 1: it is all that leaves the office. The key names what happened, once.
-- told is when it was put into a notice or dropped; page is that notice, empty if it was dropped.
CREATE TABLE notice_item (
    person     TEXT COLLATE "C" NOT NULL,
    number     BIGINT NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL,
    sort       TEXT COLLATE "C" NOT NULL,
    key        TEXT COLLATE "C" NOT NULL,
    at         BIGINT NOT NULL,
    told       BIGINT NOT NULL,
    page       TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (person, number),
    UNIQUE (person, key)
);
CREATE INDEX notice_item_waits ON notice_item (person, number) WHERE told = 0;
CREATE INDEX notice_item_of_page ON notice_item (page) WHERE page <> '';

-- A notice to a person, of one or more items; its attempts are rows of page_delivery. due_at is when it is tried next, zero when it is over.
CREATE TABLE notice_page (
    page     TEXT COLLATE "C" PRIMARY KEY,
    person   TEXT COLLATE "C" NOT NULL,
    channels TEXT COLLATE "C" NOT NULL, -- names, parted by spaces
    test     BIGINT NOT NULL CHECK (test IN (0, 1)),
    made     BIGINT NOT NULL,
    due_at   BIGINT NOT NULL
);
CREATE INDEX notice_page_due ON notice_page (due_at, page) WHERE due_at > 0;
CREATE INDEX notice_page_of ON notice_page (person, made DESC);
CREATE INDEX notice_page_made ON notice_page (made DESC, page);
