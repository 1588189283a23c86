-- Pages of executions that ended in one state, newest first. Of those that have not ended none is in it, so that no step
-- pays for it.
CREATE INDEX execution_ended ON execution (state, id) WHERE ended_at IS NOT NULL;
