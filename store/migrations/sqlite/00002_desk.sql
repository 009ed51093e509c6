-- What the 24/7 desk keeps: alarms, the secrets that acknowledge them, the pager's delivery log, and the
-- papers of the desk. A view is the whole thing as its package wrote it; the columns beside it are for looking up.
-- Moments are microseconds since 1970 UTC, zero if not set.

-- +goose Up

-- due_at is when the alarm is looked at again; zero: not before something happens.
CREATE TABLE alarm (
    id         TEXT PRIMARY KEY,
    request_id TEXT    NOT NULL,
    test       INTEGER NOT NULL CHECK (test IN (0, 1)),
    open       INTEGER NOT NULL CHECK (open IN (0, 1)),
    opened     INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    view       BLOB    NOT NULL
) STRICT;
CREATE INDEX alarm_opened ON alarm (test, opened DESC, id);
CREATE INDEX alarm_open ON alarm (opened, id) WHERE open = 1;
CREATE INDEX alarm_due ON alarm (due_at, id) WHERE open = 1 AND due_at > 0;
CREATE INDEX alarm_of_request ON alarm (request_id) WHERE request_id <> '';

-- The digest is that of the secret alone; what proves it is in the view.
CREATE TABLE alarm_secret (
    digest  BLOB PRIMARY KEY CHECK (length(digest) = 32),
    alarm   TEXT    NOT NULL,
    person  TEXT    NOT NULL,
    how     TEXT    NOT NULL,
    expires INTEGER NOT NULL,
    view    BLOB    NOT NULL
) STRICT;
CREATE INDEX alarm_secret_live ON alarm_secret (how, expires);

CREATE TABLE page_delivery (
    page      TEXT    NOT NULL,
    channel   TEXT    NOT NULL,
    attempt   INTEGER NOT NULL,
    provider  TEXT    NOT NULL,
    begun     INTEGER NOT NULL,
    ended     INTEGER NOT NULL,
    code      TEXT    NOT NULL,
    kind      TEXT    NOT NULL,
    detail    TEXT    NOT NULL,
    status    INTEGER NOT NULL,
    reference TEXT    NOT NULL,
    PRIMARY KEY (page, channel, attempt)
) STRICT;
CREATE INDEX page_delivery_begun ON page_delivery (begun DESC, page, channel, attempt);

CREATE TABLE desk_paper (
    kind TEXT    NOT NULL,
    id   TEXT    NOT NULL,
    at   INTEGER NOT NULL,
    view BLOB    NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT;
CREATE INDEX desk_paper_at ON desk_paper (kind, at DESC, id);
