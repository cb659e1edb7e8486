-- A rival: read the version of a message in the plain table, and save a patch
-- over it, without history and without checks of names or types.
SELECT version AS number FROM rival.whole WHERE id = :id \gset
UPDATE rival.whole SET props = props || :patch::jsonb, version = version + 1
WHERE id = :id AND version = :number RETURNING version;
