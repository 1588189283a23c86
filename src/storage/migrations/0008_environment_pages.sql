-- Pages of environments of one type or status, and of those that are gone. Nothing asks the two that go.
CREATE INDEX environment_live_type ON environment (type, id) WHERE status <> 'terminated';
CREATE INDEX environment_live_status ON environment (status, id) WHERE status <> 'terminated';
CREATE INDEX environment_gone ON environment (id) WHERE status = 'terminated';
DROP INDEX environment_instance;
DROP INDEX resource_locator;
