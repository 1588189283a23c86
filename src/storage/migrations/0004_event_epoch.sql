-- How often a broker has started on this database: the first part of the ids of its events, so that they never repeat
-- and never go back, whatever the clock does.
ALTER TABLE installation ADD COLUMN event_epoch INTEGER NOT NULL DEFAULT 0;
