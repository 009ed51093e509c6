-- Requests of one kind with one State, those that changed last first: the use of the emergency channel is weighed before
-- each act in it.

-- +goose Up

CREATE INDEX request_kind ON request (kind, peer, updated, id);
