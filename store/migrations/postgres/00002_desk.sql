-- What the 24/7 desk keeps: alarms, the secrets that acknowledge them, the pager's delivery log, and the
-- papers of the desk. A view is the whole thing as its package wrote it; the columns beside it are for looking up.
-- Moments are microseconds since 1970 UTC, zero if not set.

-- +goose Up

-- due_at is when the alarm is looked at again; zero: not before something happens.
CREATE TABLE alarm (
    id         TEXT COLLATE "C" PRIMARY KEY,
    request_id TEXT COLLATE "C" NOT NULL,
    test       BIGINT NOT NULL CHECK (test IN (0, 1)),
    open       BIGINT NOT NULL CHECK (open IN (0, 1)),
    opened     BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    view       BYTEA NOT NULL
);
CREATE INDEX alarm_opened ON alarm (test, opened DESC, id);
CREATE INDEX alarm_open ON alarm (opened, id) WHERE open = 1;
CREATE INDEX alarm_due ON alarm (due_at, id) WHERE open = 1 AND due_at > 0;
CREATE INDEX alarm_of_request ON alarm (request_id) WHERE request_id <> '';

-- The digest is that of the secret alone; what proves it is in the view.
CREATE TABLE alarm_secret (
    digest  BYTEA PRIMARY KEY CHECK (length(digest) = 32),
    alarm   TEXT COLLATE "C" NOT NULL,
    person  TEXT COLLATE "C" NOT NULL,
    how     TEXT COLLATE "C" NOT NULL,
    expires BIGINT NOT NULL,
    view    BYTEA NOT NULL
);
CREATE INDEX alarm_secret_live ON alarm_secret (how, expires);

CREATE TABLE page_delivery (
    page      TEXT COLLATE "C" NOT NULL,
    channel   TEXT COLLATE "C" NOT NULL,
    attempt   BIGINT NOT NULL,
    provider  TEXT COLLATE "C" NOT NULL,
    begun     BIGINT NOT NULL,
    ended     BIGINT NOT NULL,
    code      TEXT COLLATE "C" NOT NULL,
    kind      TEXT COLLATE "C" NOT NULL,
    detail    TEXT COLLATE "C" NOT NULL,
    status    BIGINT NOT NULL,
    reference TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (page, channel, attempt)
);
CREATE INDEX page_delivery_begun ON page_delivery (begun DESC, page, channel, attempt);

CREATE TABLE desk_paper (
    kind TEXT COLLATE "C" NOT NULL,
    id   TEXT COLLATE "C" NOT NULL,
    at   BIGINT NOT NULL,
    view BYTEA NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX desk_paper_at ON desk_paper (kind, at DESC, id);
