-- Update these properties in the plain table, over the version that is stored,
-- without history and without a check of names or types.
SELECT version AS number FROM rival.whole WHERE id = :id \gset
UPDATE rival.whole SET props = props || :patch::jsonb, version = version + 1
WHERE id = :id AND version = :number RETURNING version;
