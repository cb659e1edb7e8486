-- Read the conflict report of a client with a base and one pending edit.
SELECT * FROM msgstore.conflict(:store, :id, :base, '{"PR_SENSITIVITY": 1}');
